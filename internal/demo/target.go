package demo

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// What the target asks of its callers.
const (
	targetUser     = "demo"
	targetPassword = "open-sesame"
	targetKey      = "key-of-the-demo-shop"
)

// reportTime is how long the target's report takes: enough to show in payloads whose durations are
// whole seconds.
const reportTime = 1100 * time.Millisecond

// newTarget is the API under test: a little shop whose refunds are broken.
func newTarget() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "ok", "version": "1.4.2"})
	})
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /orders", withKey(listOrders))
	mux.HandleFunc("POST /orders", withKey(placeOrder))
	mux.HandleFunc("GET /report", slowReport)
	mux.HandleFunc("POST /refunds", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusInternalServerError, map[string]any{"error": "refunds are broken, on purpose"})
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // The caller has gone: nobody is left to be told.
}

// maxRequest bounds what the target and the sink read.
const maxRequest = 1 << 20

func login(w http.ResponseWriter, r *http.Request) {
	var in struct{ User, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "send user and password as JSON"})
		return
	}
	if in.User != targetUser || in.Password != targetPassword {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "wrong user or password"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"user": in.User, "session": "session-of-" + in.User})
}

// withKey lets only callers with the API key through.
func withKey(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token != targetKey {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "send the API key as a bearer token"})
			return
		}
		next(w, r)
	}
}

func listOrders(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"orders": []map[string]any{
		{"id": 1001, "item": "lantern", "cents": 2490, "state": "shipped"},
		{"id": 1002, "item": "bell", "cents": 1890, "state": "paid"},
	}})
}

func placeOrder(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Item     string `json:"item"`
		Quantity int    `json:"quantity"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&in)
	if err != nil || in.Item == "" || in.Quantity < 1 {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"error": "item and a quantity of at least 1 are required"})
		return
	}
	answer(w, http.StatusCreated, map[string]any{"id": 1003, "item": in.Item, "quantity": in.Quantity, "state": "new"})
}

// slowReport takes a while, so that there is a latency to look at.
func slowReport(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(reportTime):
		answer(w, http.StatusOK, map[string]any{"orders": 2, "revenue_cents": 4380})
	case <-r.Context().Done():
	}
}
