package store_test

import (
	"testing"

	"github.com/bellwether/bellwether/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.NewSQLite)
}

func TestMySQL(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.NewMySQL)
}
