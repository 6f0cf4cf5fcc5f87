package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers that prove where a delivery comes from. Names of HTTP headers ignore case.
const (
	HeaderSignature         = "X-Bellwether-Signature" // lower-case hex, as Gogs has it
	HeaderHubSignature      = "X-Hub-Signature-256"    // sha256=<hex>, as GitHub has it
	HeaderStandardID        = "Webhook-Id"             // these three are Standard Webhooks'
	HeaderStandardTimestamp = "Webhook-Timestamp"
	HeaderStandardSignature = "Webhook-Signature"
)

const (
	hubPrefix      = "sha256="
	standardPrefix = "v1,"
	secretPrefix   = "whsec_"
)

// Sign returns the headers that sign body: the exact bytes that are sent, with the delivery's id and
// the time of this attempt. The forms of Gogs and GitHub sign the body alone with the text of the
// secret as key. Standard Webhooks signs "id.timestamp.body"; its key is what the Base64 after whsec_
// decodes to, or the text of a secret without that prefix. The id must not contain a dot. Without a
// secret there are no headers at all, for an empty one looks like a proof to a careless receiver.
func Sign(secret, id string, at time.Time, body []byte) http.Header {
	header := http.Header{}
	if secret == "" {
		return header
	}
	digest := hex.EncodeToString(mac([]byte(secret), body))
	timestamp := strconv.FormatInt(at.Unix(), 10)
	header.Set(HeaderSignature, digest)
	header.Set(HeaderHubSignature, hubPrefix+digest)
	header.Set(HeaderStandardID, id)
	header.Set(HeaderStandardTimestamp, timestamp)
	header.Set(HeaderStandardSignature, standardPrefix+standardSignature(secret, id, timestamp, body))
	return header
}

// standardSignature is the Base64 of Standard Webhooks' version 1 signature.
func standardSignature(secret, id, timestamp string, body []byte) string {
	sum := mac(standardKey(secret), []byte(id), []byte("."), []byte(timestamp), []byte("."), body)
	return base64.StdEncoding.EncodeToString(sum)
}

// standardKey is the key that Standard Webhooks means by a secret. What follows whsec_ without being
// Base64 was not made for that standard: the whole text is the key then.
func standardKey(secret string) []byte {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return []byte(secret)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return []byte(secret)
	}
	return key
}

// mac is the HMAC-SHA256 of all parts in a row.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
