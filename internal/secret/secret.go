// Package secret keeps the key that encrypts secrets at rest.
//
// The key is a Tink AEAD keyset in a file of its own, beside the database and not in it: a copy of
// the database alone does not give the secrets away. Whoever loses the file loses the secrets.
package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// maxKeyset bounds the size of a key file in bytes. A keyset with dozens of keys is smaller.
const maxKeyset = 1 << 20

// Box seals and opens secrets. It is safe for concurrent use.
type Box struct{ aead tink.AEAD }

// Open loads the key file at path, and makes it first if there is none: readable for its owner only,
// and whole or not at all, also if several processes do it at the same time.
func Open(path string) (*Box, error) {
	data, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(path); err == nil {
			data, err = read(path)
		}
	}
	if err != nil {
		return nil, err
	}
	box, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return box, nil
}

// Parse makes a Box of a keyset in Tink's JSON form, as Generate writes it.
func Parse(data []byte) (*Box, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		// Tink's error may quote the file, so it is not passed on.
		return nil, errors.New("is not a keyset; restore the file from a backup, or remove it to start with a new key, which cannot open what the old one sealed")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("is a keyset for something else than encryption (AEAD); give the file that bellwether made")
	}
	return &Box{aead: primitive}, nil
}

// Generate makes a keyset with one new AES-256-GCM key.
func Generate() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("generate a key: %w", err)
	}
	var out bytes.Buffer
	if err = insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	return out.Bytes(), nil
}

// Seal encrypts plain. The text aad is not part of the result, but Open needs the same.
func (b *Box) Seal(plain []byte, aad string) ([]byte, error) {
	return b.aead.Encrypt(plain, []byte(aad))
}

// Open decrypts what Seal made with the same aad.
func (b *Box) Open(sealed []byte, aad string) ([]byte, error) {
	plain, err := b.aead.Decrypt(sealed, []byte(aad))
	if err != nil {
		return nil, errors.New("sealed with another key, for another row, or damaged")
	}
	return plain, nil
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyset {
		return nil, fmt.Errorf("read the key file: %s is not a key file", path)
	}
	// Mounted secrets of containers are readable for all in there, so only writing is refused.
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("read the key file: others may change %s; run chmod 600 %s", path, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	return data, nil
}

// create writes a new key to a file beside path and links it to its name. Linking fails if another
// process was faster; that one's key is the key then.
func create(path string) error {
	data, err := Generate()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("create the key file: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("create the key file: %w", err)
	}
	if err = os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create the key file: %w", err)
	}
	return nil
}
