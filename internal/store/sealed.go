package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bellwether/bellwether/models"
)

var errNoSealer = errors.New("the store was opened without a key for secrets")

// The secret parts of definitions, as they are encrypted together in the column sealed.
type (
	caseSecrets struct {
		HTTP      *models.HTTPSpec      `json:"http,omitempty"`
		Variables []models.CaseVariable `json:"variables,omitempty"`
	}
	environmentSecrets struct {
		Values []models.EnvValue `json:"values"`
	}
	webhookSecrets struct {
		Secret string `json:"secret"`
	}
)

// seal encrypts the secrets of a row. The row's name is part of it: copied elsewhere, it does not
// open.
func (s *Store) seal(table, key string, secrets any) ([]byte, error) {
	if s.sealer == nil {
		return nil, errNoSealer
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("encode secrets: %w", err)
	}
	sealed, err := s.sealer.Seal(plain, table+"/"+key)
	if err != nil {
		return nil, fmt.Errorf("encrypt secrets: %w", err)
	}
	return sealed, nil
}

// unseal decrypts the secrets of a row into a pointer.
func (s *Store) unseal(table, key string, sealed []byte, secrets any) error {
	if len(sealed) == 0 {
		return nil
	}
	if s.sealer == nil {
		return errNoSealer
	}
	plain, err := s.sealer.Open(sealed, table+"/"+key)
	if err != nil {
		return fmt.Errorf("%w: %w", models.ErrSealed, err)
	}
	if err = json.Unmarshal(plain, secrets); err != nil {
		return fmt.Errorf("decode secrets: %w", err)
	}
	return nil
}
