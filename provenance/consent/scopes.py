"""The scopes that a subject decides on, one by one, and what each means in plain words."""

import enum


class Scope(enum.StrEnum):
    """One use of a person's picture or likeness."""

    CAPTURE = "capture"
    PUBLISH_INTERNAL = "publish.internal"
    PUBLISH_WEB = "publish.web"
    PUBLISH_SOCIAL = "publish.social"
    PUBLISH_PRESS = "publish.press"
    PUBLISH_ADVERTISING = "publish.advertising"
    PUBLISH_STOCK = "publish.stock"
    IDENTIFY = "identify"
    EDIT_BASIC = "edit.basic"
    EDIT_RETOUCH = "edit.retouch"
    AI_EDIT = "ai.edit"
    AI_GENERATE = "ai.generate"
    AI_FINETUNE = "ai.finetune"
    AI_TRAIN = "ai.train"
    AI_INFER = "ai.infer"
    MINE = "mine"
    BIOMETRIC_TEMPLATE = "biometric.template"
    BIOMETRIC_MATCH = "biometric.match"
    SUBLICENSE = "sublicense"
    TRANSFER = "transfer"
    POST_MORTEM = "post_mortem"

    @property
    def is_ai(self) -> bool:
        """Whether the scope lets a machine make or learn something from the person; denied unless permitted."""
        return self.value.startswith("ai.")

    @property
    def is_biometric(self) -> bool:
        """Whether the scope makes a face into biometric data; needs explicit consent."""
        return self.value.startswith("biometric.")

    @property
    def meaning(self) -> str:
        """What the scope allows, in words for the person who decides."""
        return _MEANINGS[self]


_MEANINGS = {
    Scope.CAPTURE: "take and keep photographs",
    Scope.PUBLISH_INTERNAL: "show them inside the organisation",
    Scope.PUBLISH_WEB: "publish them on websites",
    Scope.PUBLISH_SOCIAL: "publish them on social media",
    Scope.PUBLISH_PRESS: "give them to the press",
    Scope.PUBLISH_ADVERTISING: "use them in advertising",
    Scope.PUBLISH_STOCK: "offer them as stock pictures",
    Scope.IDENTIFY: "name the person beside the picture",
    Scope.EDIT_BASIC: "crop them and correct light and colour",
    Scope.EDIT_RETOUCH: "retouch skin and shape",
    Scope.AI_EDIT: "change them with generative AI",
    Scope.AI_GENERATE: "make new pictures of the person with AI",
    Scope.AI_FINETUNE: "train an AI model of this person",
    Scope.AI_TRAIN: "train AI models in general",
    Scope.AI_INFER: "let AI analyse them",
    Scope.MINE: "index and mine them as data",
    Scope.BIOMETRIC_TEMPLATE: "measure the face",
    Scope.BIOMETRIC_MATCH: "compare the face with others",
    Scope.SUBLICENSE: "pass these rights on",
    Scope.TRANSFER: "hand the pictures over if the business is sold",
    Scope.POST_MORTEM: "go on using them after the person's death",
}
