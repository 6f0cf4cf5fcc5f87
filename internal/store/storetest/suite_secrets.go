package storetest

import (
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// raw opens the database without the store, as a thief or an operator would.
func (d Database) raw(t *testing.T) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if d.Config.Driver == store.DriverMySQL {
		driver = "mysql"
	}
	db, err := sql.Open(driver, d.Config.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func testSecrets(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("cannot be read in the tables", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		Environment(t, sc.s, sc.workspace.Key)
		db := sc.db.raw(t)
		for table, secrets := range map[string][]string{
			"cases":        {"case-credential", "case-secret", "{{BASE_URL}}"},
			"environments": {"environment-secret", "staging.example.com"},
			"webhooks":     {"webhook-secret-0123"},
		} {
			text := dump(t, db, table)
			for _, s := range secrets {
				require.NotContains(t, text, s, table)
				require.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte(s)), table)
			}
		}
	})
	t.Run("do not open in another row", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		other := Case(t, sc.s, sc.workspace.Key)
		_, err := sc.db.raw(t).Exec("UPDATE cases SET sealed = (SELECT sealed FROM (SELECT * FROM cases) AS c WHERE c.`key` = ?) WHERE `key` = ?",
			sc.testCase.Key, other.Key)
		require.NoError(t, err)
		_, err = sc.s.Case(ctx, other.Key)
		require.ErrorIs(t, err, models.ErrSealed)
		_, err = sc.s.Case(ctx, sc.testCase.Key)
		require.NoError(t, err)
	})
	t.Run("do not open with another key", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		thief := sc.db.Open(t, WithSealer(newSealer(t)))
		_, err := thief.Webhook(ctx, sc.webhook.UID)
		require.ErrorContains(t, err, "another key")
		require.ErrorIs(t, err, models.ErrSealed)
		keyless := sc.db.Open(t, WithSealer(nil))
		_, err = keyless.Case(ctx, sc.testCase.Key)
		require.ErrorContains(t, err, "without a key")
		c := models.Case{WorkspaceKey: sc.workspace.Key, Name: "x"}
		require.ErrorContains(t, keyless.CreateCase(ctx, &c), "without a key")
		_, err = keyless.Pipeline(ctx, sc.pipeline.Key)
		require.NoError(t, err, "what has no secrets needs no key")
	})
	t.Run("do not leave the store sealed", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		require.Nil(t, sc.testCase.Sealed)
		require.Nil(t, sc.webhook.Sealed)
		broken := sc.db.Open(t, WithSealer(brokenSealer{}))
		c := sc.testCase
		c.Name = "changed"
		require.ErrorContains(t, broken.UpdateCase(t.Context(), &c), "no entropy")
		got, err := sc.s.Case(t.Context(), c.Key)
		require.NoError(t, err)
		require.Equal(t, sc.testCase, got, "nothing is written when sealing fails")
	})
}

type brokenSealer struct{}

func (brokenSealer) Seal([]byte, string) ([]byte, error) { return nil, errors.New("no entropy") }
func (brokenSealer) Open([]byte, string) ([]byte, error) { return nil, errors.New("no entropy") }

// dump is everything in a table as text.
func dump(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + table)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	text, n := "", 0
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(t, rows.Scan(values...))
		for _, v := range values {
			switch value := (*v.(*any)).(type) {
			case []byte:
				text += string(value) + "\n"
			default:
				text += fmt.Sprint(value) + "\n"
			}
		}
		n++
	}
	require.NoError(t, rows.Err())
	require.Positive(t, n, "table %s is empty", table)
	return text
}
