// Package wire holds the bodies of the REST API that are not domain types: what clients send, the
// shape of lists and problems, and answers made of several rows. The server and the Go client share
// it, so that they cannot drift apart.
package wire

// List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page: send it as after. Absent on the last page"`
}
