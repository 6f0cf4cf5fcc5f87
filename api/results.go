package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerResults() {
	handle(s, route{
		method: http.MethodGet, path: "/results/{id}", need: needViewer, id: "get-result", tag: tagRuns,
		summary: "Get a case result with its reports", description: "One report for each try, masked and truncated.",
	}, s.getResult)
}

func (s *server) getResult(ctx context.Context, in *struct {
	ID string `path:"id" doc:"Id of the case result"`
},
) (*plain[wire.Result], error) {
	result, err := models.CaseResult{}, models.ErrNotFound
	if plausible(in.ID) {
		result, err = s.store.Result(ctx, in.ID)
	}
	if err != nil {
		return nil, absent(err, "result", in.ID)
	}
	if _, err := s.run(ctx, result.RunID); err != nil {
		return nil, hide(err, "result", in.ID)
	}
	reports, err := s.store.Reports(ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("load reports of %s: %w", in.ID, err)
	}
	for i := range reports {
		shownReport(&reports[i])
	}
	return &plain[wire.Result]{Body: wire.Result{CaseResult: shownResult(result), Reports: some(reports)}}, nil
}

// shownReport fills in the lists that an answer always has.
func shownReport(r *models.Report) {
	for i := range r.Document.Exchanges {
		r.Document.Exchanges[i].RequestHeaders = some(r.Document.Exchanges[i].RequestHeaders)
	}
}
