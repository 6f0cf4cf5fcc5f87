package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// environment is what the demo gives its cases.
func environment(url string) *models.Environment {
	return &models.Environment{UID: "1-e", Name: environmentName, Values: values(url)}
}

func TestCasesFindTheShopAsItIs(t *testing.T) {
	t.Parallel()
	shop := httptest.NewServer(newTarget())
	t.Cleanup(shop.Close)
	want := map[string]models.Status{caseOutage: models.StatusFailure, caseRefund: models.StatusFailure}
	for _, in := range cases() {
		t.Run(in.Name, func(t *testing.T) {
			t.Parallel()
			c := models.Case{
				Key: "00000001", WorkspaceKey: in.WorkspaceKey, Name: in.Name, Kind: in.Kind, HTTP: in.HTTP,
				Owners: in.Owners, Labels: in.Labels, TimeoutSeconds: in.TimeoutSeconds,
			}
			require.NoError(t, c.Validate())
			require.NoError(t, runner.Check(c))
			outcome := runner.New(runner.Options{}).Run(t.Context(), models.CaseJob{Case: c, Environment: environment(shop.URL)})
			expected, ok := want[in.Name]
			if !ok {
				expected = models.StatusSuccess
			}
			require.Equal(t, expected, outcome.Status, outcome.Message)
		})
	}
}

func TestPipelinesAreValidAndRunEveryCase(t *testing.T) {
	t.Parallel()
	keys, left := map[string]string{}, map[string]bool{}
	for i, c := range cases() {
		keys[c.Name] = models.CaseKey(int64(i + 1))
		left[keys[c.Name]] = true
	}
	for _, p := range pipelines(keys) {
		used := p.CaseKeys
		if p.Definition != "" {
			plan, err := rules.Parse(p.Definition)
			require.NoError(t, err, p.Definition)
			used = plan.CaseKeys()
			require.True(t, plan.Rules[len(plan.Rules)-1].ExpectFail)
		}
		for _, key := range used {
			delete(left, key)
		}
	}
	require.Empty(t, left)
}

func TestShopRefusesStrangers(t *testing.T) {
	t.Parallel()
	shop := newTarget()
	for _, route := range []struct{ method, path string }{
		{http.MethodGet, "/orders"}, {http.MethodPost, "/orders"}, {http.MethodPost, "/login"},
	} {
		rec := httptest.NewRecorder()
		shop.ServeHTTP(rec, httptest.NewRequest(route.method, route.path, strings.NewReader("{}")))
		require.Equal(t, http.StatusUnauthorized, rec.Code, route.path)
	}
}
