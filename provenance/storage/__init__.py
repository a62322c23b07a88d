"""The studio's database: tables described with SQLModel, read and written through the driver."""
