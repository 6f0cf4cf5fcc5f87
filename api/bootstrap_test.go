package api

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

const configured = "a-configured-token-of-the-operator"

// owner answers whose token it is.
func owner(t *testing.T, s *store.Store, token string) models.User {
	t.Helper()
	_, user, err := s.TokenByHash(context.Background(), HashToken(token))
	require.NoError(t, err)
	return user
}

func TestFirstStartPrintsATokenOnce(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	printed, created, err := EnsureAdmin(ctx, s, "", RandomToken)
	require.NoError(t, err)
	require.True(t, created)
	require.Regexp(t, `^bw_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`, printed)
	admin := owner(t, s, printed)
	require.Equal(t, AdminEmail, admin.Email)
	require.True(t, admin.Admin)

	again, created, err := EnsureAdmin(ctx, s, "", RandomToken)
	require.NoError(t, err)
	require.False(t, created)
	require.Empty(t, again)
}

func TestInterruptedFirstStartIsMadeGood(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	admin := models.User{Email: AdminEmail, Name: "Administrator", Admin: true}
	require.NoError(t, s.CreateUser(ctx, &admin))
	printed, created, err := EnsureAdmin(ctx, s, "", RandomToken)
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, admin.ID, owner(t, s, printed).ID)
}

func TestExistingUsersAreLeftAlone(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	storetest.User(t, s)
	printed, created, err := EnsureAdmin(ctx, s, "", RandomToken)
	require.NoError(t, err)
	require.False(t, created)
	require.Empty(t, printed)
}

func TestConfiguredTokenIsKeptInSync(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	for start, token := range []string{configured, configured, "another-token-of-the-operator"} {
		printed, created, err := EnsureAdmin(ctx, s, token, RandomToken)
		require.NoError(t, err)
		require.Empty(t, printed, "the operator knows it")
		require.Equal(t, start == 0, created)
		require.Equal(t, AdminEmail, owner(t, s, token).Email)
	}
	_, _, err := s.TokenByHash(ctx, HashToken(configured))
	require.ErrorIs(t, err, models.ErrNotFound, "the old one is void")
}

func TestConfiguredTokenLetsTheAdministratorInAgain(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	_, _, err := EnsureAdmin(ctx, s, configured, RandomToken)
	require.NoError(t, err)
	admin := owner(t, s, configured)
	admin.Admin, admin.Disabled = false, true
	require.NoError(t, s.UpdateUser(ctx, &admin))
	_, _, err = EnsureAdmin(ctx, s, configured, RandomToken)
	require.NoError(t, err)
	admin = owner(t, s, configured)
	require.True(t, admin.Admin)
	require.False(t, admin.Disabled)
}

func TestConfiguredTokenMustBeStrong(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	for _, weak := range []string{"short", "has a space in the middle of it", "nicht-nur-ASCII-Zeichen-äöü-hier", "a-line-break-at-the-end-\n"} {
		_, _, err := EnsureAdmin(ctx, s, weak, RandomToken)
		require.ErrorContains(t, err, "the configured admin token", weak)
		require.NotContains(t, err.Error(), weak)
	}
	n, err := s.CountUsers(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestConfiguredTokenOfSomeoneElseIsRefused(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storetest.SQLite(t)
	other := storetest.User(t, s)
	require.NoError(t, s.CreateToken(ctx, &models.Token{ID: "1", UserID: other.ID, Name: "CI", Hash: HashToken(configured)}))
	_, _, err := EnsureAdmin(ctx, s, configured, RandomToken)
	require.ErrorContains(t, err, other.Email)
}

func TestProcessesMayStartTogether(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", configured} {
		ctx, database := context.Background(), storetest.NewSQLite(t)
		stores := []*store.Store{database.Open(t), database.Open(t), database.Open(t)}
		var wait sync.WaitGroup
		for _, s := range stores {
			wait.Go(func() {
				printed, _, err := EnsureAdmin(ctx, s, token, RandomToken)
				if err != nil {
					t.Errorf("start: %v", err)
				}
				if printed != "" {
					owner(t, s, printed)
				}
			})
		}
		wait.Wait()
		n, err := stores[0].CountUsers(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		if token != "" {
			require.Equal(t, AdminEmail, owner(t, stores[0], token).Email)
		}
	}
}

func TestTokensAreDifferent(t *testing.T) {
	t.Parallel()
	_, one, err := RandomToken()
	require.NoError(t, err)
	_, two, err := RandomToken()
	require.NoError(t, err)
	require.NotEqual(t, one, two)
}

func TestDepsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := New(Deps{})
	require.ErrorContains(t, err, "is missing")
}
