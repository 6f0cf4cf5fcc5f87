package scheduler

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// jitterOffset is how much later than its scheduled time every tick of a trigger starts: whole
// seconds from 0 up to and including jitter. It depends on nothing but the key, so that each
// scheduler comes to the same, and keys that differ little get offsets that differ much.
func jitterOffset(triggerKey string, jitter time.Duration) time.Duration {
	choices := uint64(max(jitter, 0)/time.Second) + 1
	sum := sha256.Sum256([]byte(triggerKey))
	return time.Duration(binary.BigEndian.Uint64(sum[:8])%choices) * time.Second
}
