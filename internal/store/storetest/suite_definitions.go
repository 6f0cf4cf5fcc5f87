package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func testWorkspaces(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s, func(w *models.Workspace) { w.Key = "ABC" })
		require.EqualValues(t, 1, w.Version)
		require.Equal(t, noon, w.CreatedAt)
		got, err := b.s.Workspace(ctx, "ABC")
		require.NoError(t, err)
		require.Equal(t, w, got)

		b.clock.Advance(time.Minute)
		w.Name = "Größe ✓ 😀"
		require.NoError(t, b.s.UpdateWorkspace(ctx, &w))
		require.EqualValues(t, 2, w.Version)
		got, err = b.s.Workspace(ctx, "ABC")
		require.NoError(t, err)
		require.Equal(t, w, got)
		require.Equal(t, noon, got.CreatedAt)
		require.Equal(t, noon.Add(time.Minute), got.UpdatedAt)

		require.NoError(t, b.s.DeleteWorkspace(ctx, "ABC"))
		_, err = b.s.Workspace(ctx, "ABC")
		require.ErrorIs(t, err, models.ErrNotFound)
		require.ErrorIs(t, b.s.DeleteWorkspace(ctx, "ABC"), models.ErrNotFound)
	})
	t.Run("have unique keys", func(t *testing.T) {
		t.Parallel()
		b := setup(t, newDatabase)
		w := Workspace(t, b.s)
		run := QueuedRun(t, b.s, Gatekeeper(t, b.s, w.Key, nil))
		again := models.Workspace{Key: w.Key, Name: "other"}
		require.ErrorIs(t, b.s.CreateWorkspace(t.Context(), &again), models.ErrDuplicate)
		_, err := b.s.Run(t.Context(), run.ID)
		require.NoError(t, err, "the refused request left the history alone")
	})
	t.Run("that own definitions are in use", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		c := Case(t, b.s, w.Key)
		require.ErrorIs(t, b.s.DeleteWorkspace(ctx, w.Key), models.ErrInUse)
		require.NoError(t, b.s.DeleteCase(ctx, c.Key, false))
		require.NoError(t, b.s.DeleteWorkspace(ctx, w.Key))
	})
	t.Run("whose runs have not ended are in use", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		gate := Gatekeeper(t, b.s, w.Key, nil)
		run := QueuedRun(t, b.s, gate)
		require.NoError(t, b.s.DeleteTrigger(ctx, gate.Key))
		err := b.s.DeleteWorkspace(ctx, w.Key)
		require.ErrorIs(t, err, models.ErrInUse)
		require.ErrorContains(t, err, run.ID)
		Finish(t, b.s, models.RunOutcome{RunID: run.ID, Status: models.StatusCancelled})
		require.NoError(t, b.s.DeleteWorkspace(ctx, w.Key))
	})
	t.Run("start without what an earlier one of their key has left", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		gate := Gatekeeper(t, b.s, w.Key, nil)
		run := QueuedRun(t, b.s, gate)
		Finish(t, b.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
		require.NoError(t, b.s.DeleteTrigger(ctx, gate.Key))
		// A process that died while it deleted the workspace has got no further than this.
		_, err := b.db.raw(t).Exec("DELETE FROM workspaces")
		require.NoError(t, err)
		Workspace(t, b.s, func(next *models.Workspace) { next.Key = w.Key })
		_, err = b.s.Run(ctx, run.ID)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("take their history with them", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		starts := Begin(t, sc.s, run.ID)
		deliveries := Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
		require.Len(t, deliveries, 1)
		require.NoError(t, sc.s.DeleteTrigger(ctx, sc.plan.Key))
		require.NoError(t, sc.s.DeletePipeline(ctx, sc.pipeline.Key, false))
		require.NoError(t, sc.s.DeleteCase(ctx, sc.testCase.Key, false))
		require.NoError(t, sc.s.DeleteWebhook(ctx, sc.webhook.UID))
		require.NoError(t, sc.s.DeleteWorkspace(ctx, sc.workspace.Key))
		_, err := sc.s.Run(ctx, run.ID)
		require.ErrorIs(t, err, models.ErrNotFound)
		_, err = sc.s.Result(ctx, starts[0].Results[0].ID)
		require.ErrorIs(t, err, models.ErrNotFound)
		_, err = sc.s.Delivery(ctx, deliveries[0].ID)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("are listed for those who may see them", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		for _, key := range []string{"CCC", "AAA", "BBB"} {
			Workspace(t, b.s, func(w *models.Workspace) { w.Key = key })
		}
		list := func(only []string) []string {
			return all(t, 2, func(w models.Workspace) string { return w.Key }, func(p models.Page) ([]models.Workspace, string, error) {
				return b.s.Workspaces(ctx, only, p)
			})
		}
		require.Equal(t, []string{"AAA", "BBB", "CCC"}, list(nil))
		require.Equal(t, []string{"AAA", "CCC"}, list([]string{"CCC", "AAA", "ZZZ"}))
		require.Empty(t, list([]string{}))
	})
}

func testUsers(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		u := User(t, b.s, func(u *models.User) { u.Email, u.Admin = "ada@example.com", true })
		require.Positive(t, u.ID)
		got, err := b.s.User(ctx, u.ID)
		require.NoError(t, err)
		require.Equal(t, u, got)
		got, err = b.s.UserByEmail(ctx, "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, u, got)
		_, err = b.s.UserByEmail(ctx, "ADA@example.com")
		require.ErrorIs(t, err, models.ErrNotFound, "addresses are compared exactly in every database")

		u.Admin, u.Disabled = false, true
		require.NoError(t, b.s.UpdateUser(ctx, &u))
		got, err = b.s.User(ctx, u.ID)
		require.NoError(t, err)
		require.Equal(t, u, got)

		n, err := b.s.CountUsers(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.NoError(t, b.s.DeleteUser(ctx, u.ID))
		require.ErrorIs(t, b.s.DeleteUser(ctx, u.ID), models.ErrNotFound)
		_, err = b.s.User(ctx, u.ID)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("have unique addresses", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		one, two := User(t, b.s), User(t, b.s)
		again := models.User{Email: one.Email, Name: "x"}
		require.ErrorIs(t, b.s.CreateUser(ctx, &again), models.ErrDuplicate)
		two.Email = one.Email
		require.ErrorIs(t, b.s.UpdateUser(ctx, &two), models.ErrDuplicate)
		require.EqualValues(t, 1, two.Version, "a failed update leaves the version as it was")
	})
	t.Run("are listed by id", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		var want []int64
		for range 12 {
			want = append(want, User(t, b.s).ID)
		}
		var got []int64
		page := models.Page{Limit: 5}
		for {
			users, next, err := b.s.Users(ctx, models.DefinitionFilter{}, page)
			require.NoError(t, err)
			for _, u := range users {
				got = append(got, u.ID)
			}
			if next == "" {
				break
			}
			page.After = next
		}
		require.Equal(t, want, got, "9 comes before 10")
		_, _, err := b.s.Users(ctx, models.DefinitionFilter{}, models.Page{After: "x"})
		var invalid *models.Invalid
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "after", invalid.Fields[0].Field)
	})
	t.Run("have roles in workspaces", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w, other, u := Workspace(t, b.s), Workspace(t, b.s), User(t, b.s)
		require.NoError(t, b.s.SetMember(ctx, &models.Member{WorkspaceKey: w.Key, UserID: u.ID, Role: models.RoleViewer}))
		b.clock.Advance(time.Hour)
		m := models.Member{WorkspaceKey: w.Key, UserID: u.ID, Role: models.RoleAdmin}
		require.NoError(t, b.s.SetMember(ctx, &m))
		require.NoError(t, b.s.SetMember(ctx, &models.Member{WorkspaceKey: other.Key, UserID: u.ID, Role: models.RoleEditor}))
		require.Equal(t, noon, m.CreatedAt, "a new role does not make a new member")

		members, err := b.s.Members(ctx, w.Key)
		require.NoError(t, err)
		require.Equal(t, []models.Member{m}, members)
		roles, err := b.s.Roles(ctx, u.ID)
		require.NoError(t, err)
		require.Equal(t, map[string]models.Role{w.Key: models.RoleAdmin, other.Key: models.RoleEditor}, roles)

		require.NoError(t, b.s.RemoveMember(ctx, w.Key, u.ID))
		require.ErrorIs(t, b.s.RemoveMember(ctx, w.Key, u.ID), models.ErrNotFound)
		require.NoError(t, b.s.DeleteUser(ctx, u.ID))
		members, err = b.s.Members(ctx, other.Key)
		require.NoError(t, err)
		require.Empty(t, members, "a deleted user is nobody's member")

		err = b.s.SetMember(ctx, &models.Member{WorkspaceKey: "QQQ", UserID: u.ID, Role: models.RoleViewer})
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("have tokens", func(t *testing.T) { t.Parallel(); testTokens(t, newDatabase) })
}

func testTokens(t *testing.T, newDatabase func(testing.TB) Database) {
	b, ctx := setup(t, newDatabase), t.Context()
	u, other := User(t, b.s), User(t, b.s)
	expires := noon.Add(24*time.Hour + 789*time.Nanosecond)
	token := models.Token{ID: "tok1", UserID: u.ID, Name: "ci", Hash: strings.Repeat("a", 64), ReadOnly: true, ExpiresAt: &expires}
	require.NoError(t, b.s.CreateToken(ctx, &token))
	second := models.Token{UserID: other.ID, Name: "laptop", Hash: strings.Repeat("b", 64)}
	require.NoError(t, b.s.CreateToken(ctx, &second))
	require.NotEmpty(t, second.ID)
	twin := models.Token{UserID: u.ID, Name: "twin", Hash: token.Hash}
	require.ErrorIs(t, b.s.CreateToken(ctx, &twin), models.ErrDuplicate)
	orphan := models.Token{UserID: 987654, Name: "orphan", Hash: "c"}
	require.ErrorIs(t, b.s.CreateToken(ctx, &orphan), models.ErrNotFound)

	got, user, err := b.s.TokenByHash(ctx, token.Hash)
	require.NoError(t, err)
	require.Equal(t, token, got)
	require.Equal(t, noon.Add(24*time.Hour), *got.ExpiresAt, "whole microseconds")
	require.Equal(t, u, user)
	_, _, err = b.s.TokenByHash(ctx, "unknown")
	require.ErrorIs(t, err, models.ErrNotFound)

	require.NoError(t, b.s.TouchToken(ctx, token.ID, noon.Add(90*time.Second)))
	require.NoError(t, b.s.TouchToken(ctx, token.ID, noon), "an older use changes nothing")
	got, _, err = b.s.TokenByHash(ctx, token.Hash)
	require.NoError(t, err)
	require.Equal(t, noon.Truncate(time.Minute).Add(time.Minute), *got.LastUsedAt)

	tokens, _, err := b.s.Tokens(ctx, u.ID, models.Page{})
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	ids := all(t, 1, func(t models.Token) string { return t.ID }, func(p models.Page) ([]models.Token, string, error) {
		return b.s.Tokens(ctx, 0, p)
	})
	require.ElementsMatch(t, []string{token.ID, second.ID}, ids)

	require.NoError(t, b.s.DeleteToken(ctx, token.ID))
	require.ErrorIs(t, b.s.DeleteToken(ctx, token.ID), models.ErrNotFound)
	require.NoError(t, b.s.DeleteUser(ctx, other.ID))
	_, _, err = b.s.TokenByHash(ctx, second.Hash)
	require.ErrorIs(t, err, models.ErrNotFound, "a deleted user's tokens are gone")
}

func testEnvironments(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		off := false
		e := Environment(t, b.s, w.Key, func(e *models.Environment) {
			e.UID = models.EnvironmentUID(7, "4c7a3c1e-0000-4000-8000-000000000000")
			e.Values = append(e.Values, models.EnvValue{Key: "OFF", Value: "x", Enabled: &off})
		})
		got, err := b.s.Environment(ctx, e.UID)
		require.NoError(t, err)
		require.Equal(t, e, got)

		e.Values = nil
		require.NoError(t, b.s.UpdateEnvironment(ctx, &e))
		got, err = b.s.Environment(ctx, e.UID)
		require.NoError(t, err)
		require.Empty(t, got.Values)
		require.EqualValues(t, 2, got.Version)
		require.NoError(t, b.s.DeleteEnvironment(ctx, e.UID))
		_, err = b.s.Environment(ctx, e.UID)
		require.ErrorIs(t, err, models.ErrNotFound)
		require.ErrorIs(t, b.s.UpdateEnvironment(ctx, &e), models.ErrNotFound)
	})
	t.Run("get a uid if they have none", func(t *testing.T) {
		t.Parallel()
		b := setup(t, newDatabase)
		require.NotEmpty(t, Environment(t, b.s, Workspace(t, b.s).Key).UID)
	})
	t.Run("that cases or triggers use cannot be deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w := Workspace(t, b.s)
		e := Environment(t, b.s, w.Key)
		c := Case(t, b.s, w.Key, func(c *models.Case) { c.EnvironmentUID = e.UID })
		gate := Gatekeeper(t, b.s, w.Key, nil, func(t *models.Trigger) { t.EnvironmentUID = e.UID })
		err := b.s.DeleteEnvironment(ctx, e.UID)
		require.ErrorIs(t, err, models.ErrInUse)
		require.ErrorContains(t, err, c.Key)
		require.ErrorContains(t, err, gate.Key)
		require.NoError(t, b.s.DeleteCase(ctx, c.Key, false))
		require.ErrorIs(t, b.s.DeleteEnvironment(ctx, e.UID), models.ErrInUse)
		require.NoError(t, b.s.DeleteTrigger(ctx, gate.Key))
		require.NoError(t, b.s.DeleteEnvironment(ctx, e.UID))
	})
	t.Run("need their workspace", func(t *testing.T) {
		t.Parallel()
		b := setup(t, newDatabase)
		e := models.Environment{WorkspaceKey: "QQQ", Name: "x"}
		err := b.s.CreateEnvironment(t.Context(), &e)
		require.ErrorIs(t, err, models.ErrNotFound)
		require.ErrorContains(t, err, "workspace QQQ")
	})
}

func testWebhooks(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created, read, changed and deleted", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		ws := Workspace(t, b.s)
		w := Webhook(t, b.s, ws.Key)
		require.True(t, w.HasSecret)
		got, err := b.s.Webhook(ctx, w.UID)
		require.NoError(t, err)
		require.Equal(t, w, got)

		w.Secret, w.Enabled, w.TriggerKeys = "", false, []string{"P-" + ws.Key + "-0001"}
		require.NoError(t, b.s.UpdateWebhook(ctx, &w))
		got, err = b.s.Webhook(ctx, w.UID)
		require.NoError(t, err)
		require.Equal(t, w, got)
		require.False(t, got.HasSecret)
		require.Empty(t, got.Secret)
		require.NoError(t, b.s.DeleteWebhook(ctx, w.UID))
		require.ErrorIs(t, b.s.DeleteWebhook(ctx, w.UID), models.ErrNotFound)
		_, err = b.s.Webhook(ctx, w.UID)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("keep what they say of their secret when an update fails", func(t *testing.T) {
		t.Parallel()
		b := setup(t, newDatabase)
		w := Webhook(t, b.s, Workspace(t, b.s).Key)
		stale := w
		require.NoError(t, b.s.UpdateWebhook(context.Background(), &w))
		stale.Secret = ""
		require.ErrorIs(t, b.s.UpdateWebhook(t.Context(), &stale), models.ErrStale)
		require.True(t, stale.HasSecret)
		require.EqualValues(t, 1, stale.Version)
	})
}
