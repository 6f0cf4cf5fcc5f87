package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/bellwether/bellwether/api"
	"github.com/bellwether/bellwether/models"
)

// demoTokenID is the id of the one token that each start with --demo replaces.
const demoTokenID = "demo"

// DemoToken makes a token with which the demo uses the REST API as the administrator. Whoever starts
// the process owns the database, so this gives nobody more than they have; the administrator's own
// token is stored hashed and is not known any more after the first start. The next start replaces it.
func (c *Core) DemoToken(ctx context.Context) (string, error) {
	admin, err := c.Store.UserByEmail(ctx, api.AdminEmail)
	if errors.Is(err, models.ErrNotFound) {
		return "", fmt.Errorf("the demo works as user %s, who is gone; use another data folder", api.AdminEmail)
	}
	if err != nil {
		return "", fmt.Errorf("make the demo's token: %w", err)
	}
	_, text, err := api.RandomToken()
	if err != nil {
		return "", err
	}
	if err := c.Store.DeleteToken(ctx, demoTokenID); err != nil && !errors.Is(err, models.ErrNotFound) {
		return "", fmt.Errorf("replace the demo's token: %w", err)
	}
	token := models.Token{ID: demoTokenID, UserID: admin.ID, Name: "demo", Hash: api.HashToken(text)}
	if err := c.Store.CreateToken(ctx, &token); err != nil {
		return "", fmt.Errorf("make the demo's token: %w", err)
	}
	return text, nil
}

// DropDemoToken takes the demo's token back.
func (c *Core) DropDemoToken(ctx context.Context) error {
	err := c.Store.DeleteToken(ctx, demoTokenID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	return err
}
