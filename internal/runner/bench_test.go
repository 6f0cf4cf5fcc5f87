package runner_test

import (
	"net/http/httptest"
	"testing"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// BenchmarkRun is one case against a server on this machine, connection included.
func BenchmarkRun(b *testing.B) {
	s := httptest.NewServer(respond(200, `{"id":1}`))
	defer s.Close()
	j := job(models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{
		assertion("status", "", "", "200"), assertion("json", "$.id", "", "1"),
	}})
	r := runner.New(runner.Options{})
	for b.Loop() {
		if o := r.Run(b.Context(), j); o.Status != models.StatusSuccess {
			b.Fatal(o.Message)
		}
	}
}
