package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/secret"
	"github.com/bellwether/bellwether/internal/store"
)

// OpenStore connects to the database, waiting for it if need be. It does not look at the schema.
func OpenStore(ctx context.Context, cfg config.Database, sealer store.Sealer, logger *slog.Logger) (*store.Store, error) {
	var s *store.Store
	err := await(ctx, logger, "the database", func(ctx context.Context) (err error) {
		s, err = store.Open(ctx, store.Config{Driver: cfg.Driver, DSN: cfg.DSN, MaxOpenConns: cfg.MaxOpenConns},
			store.Options{Sealer: sealer, Logger: logger})
		return err
	})
	return s, err
}

// OpenRoleStore is OpenStore for a role: it refuses a schema that this program does not know.
func OpenRoleStore(ctx context.Context, cfg config.Database, keys config.Keyset, logger *slog.Logger) (*store.Store, error) {
	box, err := OpenKeyset(keys)
	if err != nil {
		return nil, err
	}
	s, err := OpenStore(ctx, cfg, box, logger)
	if err != nil {
		return nil, err
	}
	if err := s.CheckSchema(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenKeyset reads the keyset from the setting or from the file that the setting names. A file that
// is missing is an error: roles with keys of their own could not read each other's secrets.
func OpenKeyset(cfg config.Keyset) (*secret.Box, error) {
	text, from := cfg.Keyset, "--keyset (BELLWETHER_KEYSET)"
	if cfg.File != "" {
		data, err := os.ReadFile(cfg.File)
		if err != nil {
			return nil, fmt.Errorf("read --keyset-file (BELLWETHER_KEYSET_FILE): %w", err)
		}
		text, from = string(data), "--keyset-file "+cfg.File
	}
	box, err := parseKeyset(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", from, err)
	}
	return box, nil
}

// NewKeyset makes a keyset as one line of text that needs no quoting anywhere.
func NewKeyset() (string, error) {
	data, err := secret.Generate()
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// parseKeyset reads the text of NewKeyset, or the JSON in it.
func parseKeyset(text string) (*secret.Box, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		return secret.Parse([]byte(text))
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("is not a keyset: give the whole line that `bellwether keygen` printed")
	}
	return secret.Parse(data)
}
