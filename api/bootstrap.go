package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/bellwether/bellwether/models"
)

// AdminEmail is the user that the first start makes.
const AdminEmail = "admin@localhost"

// MinAdminToken is the least length of a token given by configuration.
const MinAdminToken = 24

// configuredTokenID is the id of the one token that is kept equal to the configuration's.
const configuredTokenID = "configured"

// TokenFunc makes a new token: its id and its text, which holds the id.
type TokenFunc func() (id, text string, err error)

// RandomToken makes bw_<id>_<secret> with a secret of 256 random bits.
func RandomToken() (id, text string, err error) {
	unique, err := uuid.NewV7()
	if err != nil {
		return "", "", fmt.Errorf("make token id: %w", err)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", "", fmt.Errorf("make token secret: %w", err)
	}
	id = strings.ReplaceAll(unique.String(), "-", "")
	return id, "bw_" + id + "_" + base64.RawURLEncoding.EncodeToString(secret), nil
}

// AdminStore is what EnsureAdmin needs of the database.
type AdminStore interface {
	CountUsers(ctx context.Context) (int64, error)
	UserByEmail(ctx context.Context, email string) (models.User, error)
	CreateUser(ctx context.Context, u *models.User) error
	UpdateUser(ctx context.Context, u *models.User) error
	CreateToken(ctx context.Context, t *models.Token) error
	Tokens(ctx context.Context, userID int64, page models.Page) ([]models.Token, string, error)
	TokenByHash(ctx context.Context, hash string) (models.Token, models.User, error)
	DeleteToken(ctx context.Context, id string) error
}

// EnsureAdmin lets someone in. Without any users it makes the administrator admin@localhost with a
// token, whose text it answers once for the caller to print. With a token from the configuration it
// prints nothing and keeps the administrator and that token as configured, at every start. Several
// processes may do so at once.
func EnsureAdmin(ctx context.Context, store AdminStore, token string, newToken TokenFunc) (printed string, created bool, err error) {
	if token != "" {
		created, err = ensureConfigured(ctx, store, token)
		return "", created, err
	}
	admin, created, err := firstUser(ctx, store)
	if err != nil {
		return "", false, fmt.Errorf("make administrator: %w", err)
	}
	if admin.ID == 0 {
		return "", false, nil
	}
	id, text, err := newToken()
	if err != nil {
		return "", false, fmt.Errorf("make administrator: %w", err)
	}
	if err := store.CreateToken(ctx, &models.Token{ID: id, UserID: admin.ID, Name: "first start", Hash: HashToken(text)}); err != nil {
		return "", false, fmt.Errorf("make administrator's token: %w", err)
	}
	return text, created, nil
}

// firstUser answers the administrator if it needs a token: it is new, or it is the only user and has
// none, because the start that made it was interrupted. Otherwise it answers no user.
func firstUser(ctx context.Context, store AdminStore) (admin models.User, created bool, err error) {
	users, err := store.CountUsers(ctx)
	if err != nil || users > 1 {
		return models.User{}, false, err
	}
	if users == 0 {
		admin = models.User{Email: AdminEmail, Name: "Administrator", Admin: true}
		err = store.CreateUser(ctx, &admin)
		if errors.Is(err, models.ErrDuplicate) { // another process was faster and prints its token
			return models.User{}, false, nil
		}
		return admin, err == nil, err
	}
	admin, err = store.UserByEmail(ctx, AdminEmail)
	if errors.Is(err, models.ErrNotFound) {
		return models.User{}, false, nil
	}
	if err != nil {
		return models.User{}, false, err
	}
	tokens, _, err := store.Tokens(ctx, admin.ID, models.Page{Limit: 1})
	if err != nil || len(tokens) > 0 {
		return models.User{}, false, err
	}
	return admin, false, nil
}

func ensureConfigured(ctx context.Context, store AdminStore, token string) (created bool, err error) {
	if err := checkAdminToken(token); err != nil {
		return false, err
	}
	admin, created, err := ensureAdminUser(ctx, store)
	if err != nil {
		return false, fmt.Errorf("make administrator: %w", err)
	}
	hash := HashToken(token)
	known, owner, err := store.TokenByHash(ctx, hash)
	switch {
	case err == nil && owner.ID == admin.ID && !known.ReadOnly && known.ExpiresAt == nil:
		return created, nil
	case err == nil:
		return false, fmt.Errorf("the configured admin token is the token %q of %s already; choose another", known.Name, owner.Email)
	case !errors.Is(err, models.ErrNotFound):
		return false, fmt.Errorf("look up configured admin token: %w", err)
	}
	if err := store.DeleteToken(ctx, configuredTokenID); err != nil && !errors.Is(err, models.ErrNotFound) {
		return false, fmt.Errorf("replace configured admin token: %w", err)
	}
	err = store.CreateToken(ctx, &models.Token{ID: configuredTokenID, UserID: admin.ID, Name: "configuration", Hash: hash})
	if err != nil && !errors.Is(err, models.ErrDuplicate) { // a duplicate is another process's doing
		return false, fmt.Errorf("keep configured admin token: %w", err)
	}
	return created, nil
}

// ensureAdminUser finds or makes the administrator, enabled and with full rights.
func ensureAdminUser(ctx context.Context, store AdminStore) (admin models.User, created bool, err error) {
	admin, err = store.UserByEmail(ctx, AdminEmail)
	if errors.Is(err, models.ErrNotFound) {
		admin = models.User{Email: AdminEmail, Name: "Administrator", Admin: true}
		if err = store.CreateUser(ctx, &admin); err == nil {
			return admin, true, nil
		}
		if !errors.Is(err, models.ErrDuplicate) {
			return admin, false, err
		}
		admin, err = store.UserByEmail(ctx, AdminEmail)
	}
	if err != nil || (admin.Admin && !admin.Disabled) {
		return admin, false, err
	}
	admin.Admin, admin.Disabled = true, false
	if err := store.UpdateUser(ctx, &admin); err != nil && !errors.Is(err, models.ErrStale) {
		return admin, false, err
	}
	return admin, false, nil
}

// checkAdminToken refuses tokens that are guessable or cannot be sent in a header.
func checkAdminToken(token string) error {
	if len(token) < MinAdminToken {
		return fmt.Errorf("the configured admin token has %d characters, %d are the least; for example: openssl rand -hex 32",
			len(token), MinAdminToken)
	}
	for _, r := range token {
		if r <= ' ' || r > unicode.MaxASCII-1 {
			return errors.New("the configured admin token must consist of visible ASCII characters")
		}
	}
	return nil
}
