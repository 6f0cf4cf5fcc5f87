package notify

import "embed"

// The schemas describe the bodies of format bellwether, one file for each event and version.
//
//go:embed schemas/*.json
var schemas embed.FS

// Schema returns the JSON Schema (draft 2020-12) of an event's body in format bellwether, and whether
// there is one.
func Schema(event string) (document []byte, ok bool) {
	document, err := schemas.ReadFile("schemas/" + event + ".v1.json")
	return document, err == nil
}
