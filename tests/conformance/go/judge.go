// Judge reads what a ledger published, or proved, with the packages by which Go reads its checksum database.
//
//	judge log DIR VKEY PROOFS NOTE...
//	judge proofs VKEY FILE...
//	judge growth VKEY OLD-NOTE NEW-NOTE PROOF
//
// It prints one JSON object and ends with 0, or says on stderr what is wrong and ends with 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The tiles of c2sp.org/tlog-tiles are eight levels high.
const height = 8

func main() {
	found, err := judge(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(1)
	}
}

func judge(args []string) (any, error) {
	switch {
	case len(args) >= 4 && args[0] == "log":
		proofs, err := strconv.Atoi(args[3])
		if err != nil {
			return nil, err
		}
		return judgeLog(args[1], args[2], proofs, args[4:])
	case len(args) >= 3 && args[0] == "proofs":
		return judgeProofs(args[1], args[2:])
	case len(args) == 5 && args[0] == "growth":
		return judgeGrowth(args[1], args[2], args[3], args[4])
	}
	return nil, errors.New("usage: judge log|proofs|growth VKEY ...")
}

// Judged is what was found to be right.
type Judged struct {
	Size        int64  `json:"size"`
	Root        string `json:"root"`
	Files       int    `json:"files"`
	Inclusion   int    `json:"inclusion"`
	Consistency int    `json:"consistency"`
	Unknown     int    `json:"unknown_signatures"`
}

// judgeLog checks a published directory: its signature, every file, and proofs that are made of its tiles alone.
func judgeLog(dir, vkey string, proofs int, oldNotes []string) (*Judged, error) {
	tree, unknown, err := readCheckpoint(filepath.Join(dir, "checkpoint"), vkey)
	if err != nil {
		return nil, err
	}
	tiles := tlog.TileHashReader(tree, &folder{dir})
	if err := checkRoot("tiles", tree, tiles); err != nil {
		return nil, err
	}
	own := &memory{}
	leaves, err := readEntries(dir, tree.N, own)
	if err != nil {
		return nil, err
	}
	if err := checkRoot("entries", tree, own); err != nil {
		return nil, err
	}
	files, err := checkFiles(dir, tree.N, own)
	if err != nil {
		return nil, err
	}
	judged := &Judged{Size: tree.N, Root: tree.Hash.String(), Files: files, Unknown: unknown}
	for _, index := range drawn(tree.N, proofs) {
		proof, err := tlog.ProveRecord(tree.N, index, tiles)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", index, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaves[index]); err != nil {
			return nil, fmt.Errorf("entry %d: %w", index, err)
		}
		judged.Inclusion++
	}
	judged.Consistency, err = checkGrowth(tree, tiles, vkey, oldNotes)
	return judged, err
}

// checkGrowth proves from the tiles that each signed tree is the beginning of every larger one.
func checkGrowth(newest tlog.Tree, tiles tlog.HashReader, vkey string, oldNotes []string) (int, error) {
	trees := []tlog.Tree{newest}
	for _, name := range oldNotes {
		tree, _, err := readCheckpoint(name, vkey)
		if err != nil {
			return 0, err
		}
		// To have grown from nothing needs no proof.
		if tree.N > 0 {
			trees = append(trees, tree)
		}
	}
	checked := 0
	for _, tree := range trees {
		for _, old := range trees {
			if old.N == 0 || old.N > tree.N {
				continue
			}
			proof, err := tlog.ProveTree(tree.N, old.N, tiles)
			if err == nil {
				err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
			}
			if err != nil {
				return 0, fmt.Errorf("from %d to %d entries: %w", old.N, tree.N, err)
			}
			checked++
		}
	}
	return checked, nil
}

// judgeProofs checks files of c2sp.org/tlog-proof that carry their entry as extra data.
func judgeProofs(vkey string, names []string) (any, error) {
	for _, name := range names {
		if err := checkProof(vkey, name); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	return map[string]int{"proofs": len(names)}, nil
}

func checkProof(vkey, name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, signed, ok := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no proof with an entry")
	}
	extra, hasExtra := strings.CutPrefix(lines[1], "extra ")
	number, hasIndex := strings.CutPrefix(lines[2], "index ")
	if !hasExtra || !hasIndex {
		return errors.New("expected extra data, then the index")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(extra)
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	hashes, err := parseHashes(lines[3:])
	if err != nil {
		return err
	}
	tree, _, err := openCheckpoint(signed, vkey)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

// judgeGrowth checks a consistency proof between two signed checkpoints: a hash a line.
func judgeGrowth(vkey, oldName, newName, proofName string) (any, error) {
	older, _, err := readCheckpoint(oldName, vkey)
	if err != nil {
		return nil, err
	}
	newer, _, err := readCheckpoint(newName, vkey)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(proofName)
	if err != nil {
		return nil, err
	}
	hashes, err := parseHashes(strings.Fields(string(data)))
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckTree(hashes, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return nil, err
	}
	return map[string]int64{"old_size": older.N, "size": newer.N}, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func readCheckpoint(name, vkey string) (tlog.Tree, int, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	tree, unknown, err := openCheckpoint(data, vkey)
	if err != nil {
		return tree, 0, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return tree, unknown, nil
}

// openCheckpoint returns what a note signs, and how many signatures are by keys that nobody named.
func openCheckpoint(data []byte, vkey string) (tree tlog.Tree, unknown int, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, 0, err
	}
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tree, 0, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, 0, fmt.Errorf("expected three lines, the first of them %s", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, 0, err
	}
	if tree.Hash, err = tlog.ParseHash(lines[2]); err != nil {
		return tree, 0, err
	}
	return tree, len(signed.UnverifiedSigs), nil
}

func checkRoot(place string, tree tlog.Tree, reader tlog.HashReader) error {
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	if root != tree.Hash {
		return fmt.Errorf("%s: root %v of %d entries, signed is %v", place, root, tree.N, tree.Hash)
	}
	return nil
}

// readEntries grows a tree of its own from the bundles, and returns the hash of every entry.
func readEntries(dir string, size int64, own *memory) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for _, tile := range tlog.NewTiles(height, 0, size) {
		if tile.L > 0 {
			break
		}
		path := entriesPath(tile)
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return nil, err
		}
		count := 0
		for ; len(data) > 0; count++ {
			if len(data) < 2 || len(data)-2 < length(data) {
				return nil, fmt.Errorf("%s: entry %d is cut off", path, count)
			}
			end := 2 + length(data)
			leaf := tlog.RecordHash(data[2:end])
			data = data[end:]
			hashes, err := tlog.StoredHashesForRecordHash(int64(len(leaves)), leaf, own)
			if err != nil {
				return nil, err
			}
			leaves = append(leaves, leaf)
			own.hashes = append(own.hashes, hashes...)
		}
		if count != tile.W {
			return nil, fmt.Errorf("%s: expected %d entries, got %d", path, tile.W, count)
		}
	}
	return leaves, nil
}

// length returns that of an entry, which stands before it.
func length(data []byte) int { return int(data[0])<<8 | int(data[1]) }

// checkFiles compares every tile with the tree of the entries, and returns how many files there are, all of them known.
func checkFiles(dir string, size int64, own *memory) (int, error) {
	expected := []string{"checkpoint"}
	for _, tile := range tlog.NewTiles(height, 0, size) {
		want, err := tlog.ReadTileData(tile, own)
		if err != nil {
			return 0, err
		}
		data, err := os.ReadFile(filepath.Join(dir, tilePath(tile)))
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(data, want) {
			return 0, fmt.Errorf("%s: does not follow from the entries", tilePath(tile))
		}
		expected = append(expected, tilePath(tile))
		if tile.L == 0 {
			expected = append(expected, entriesPath(tile))
		}
	}
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		// What begins with a dot is not served.
		if err == nil && !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			name, _ := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	slices.Sort(expected)
	slices.Sort(found)
	if !slices.Equal(found, expected) {
		return 0, fmt.Errorf("expected %d files, got %d, or others", len(expected), len(found))
	}
	return len(found), nil
}

// drawn returns some indexes, all of them if there are not more, and always both ends.
func drawn(size int64, count int) []int64 {
	if size <= int64(count) {
		indexes := make([]int64, size)
		for index := range indexes {
			indexes[index] = int64(index)
		}
		return indexes
	}
	random := rand.New(rand.NewPCG(uint64(size), 0))
	indexes := []int64{0, size - 1}
	for len(indexes) < count {
		indexes = append(indexes, random.Int64N(size))
	}
	return indexes
}

// Memory holds the hashes of a tree in their order.
type memory struct {
	hashes []tlog.Hash
}

func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for place, index := range indexes {
		if index >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("hash %d: there is none", index)
		}
		found[place] = m.hashes[index]
	}
	return found, nil
}

// Folder reads tiles where c2sp.org/tlog-tiles has them.
type folder struct {
	dir string
}

func (f *folder) Height() int { return height }

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for place, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.dir, tilePath(tile)))
		if err != nil {
			return nil, err
		}
		found[place] = data
	}
	return found, nil
}

func (f *folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// tilePath leaves the height out of the path that Go gives to a tile.
func tilePath(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
}

func entriesPath(tile tlog.Tile) string {
	return "tile/entries/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/0/", height))
}
