package api

import (
	"encoding/json"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// exampleRules shows a branch and an expected failure.
const exampleRules = `kind: rule/v1.2
spec:
  rules:
    - run: '00000001'
    - run: '00000002'
      whenPassed: '00000001'
    - run: '00000003'
      expect: fail
`

// exampleCase shows what an HTTP case is made of.
var exampleCase = wire.CaseCreate{
	WorkspaceKey: "ABC", Name: "home page answers", Kind: models.KindHTTP,
	Owners: []string{"jane@example.com"}, TimeoutSeconds: 10, Retries: 1,
	HTTP: &models.HTTPSpec{
		URL: "{{BASE_URL}}/",
		Assertions: []models.Assertion{
			{Source: models.AssertStatus, Value: json.RawMessage(`200`)},
			{Source: models.AssertLatency, Value: json.RawMessage(`1500`)},
			{Source: models.AssertHeader, Name: "Content-Type", Op: models.OpContains, Value: json.RawMessage(`"text/html"`)},
		},
	},
	Variables: []models.CaseVariable{{Name: "BASE_URL", Value: "https://example.com"}},
}
