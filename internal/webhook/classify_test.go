package webhook

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// These are errors whose moment a real server cannot be made to hit each time.
func TestJudgeErrorGoesByTypeBeforePhase(t *testing.T) {
	t.Parallel()
	wrap := func(op string, err error) error {
		return fmt.Errorf("wrapped: %w", &net.OpError{Op: op, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 53}, Err: err})
	}
	cases := map[string]struct {
		err   error
		at    phase
		class models.ErrorClass
	}{
		"a second dial after a stale connection": {wrap("dial", syscall.ECONNREFUSED), phaseWait, models.ClassConnect},
		"a TLS 1.3 alert after the handshake":    {wrap("remote error", errors.New("tls: certificate required")), phaseWait, models.ClassTLS},
		"an address that the kernel gives up":    {wrap("dial", syscall.ETIMEDOUT), phaseConnect, models.ClassTimeout},
		"no route":                               {wrap("dial", syscall.ENETUNREACH), phaseConnect, models.ClassConnect},
		"a broken pipe":                          {wrap("write", syscall.EPIPE), phaseRequest, models.ClassNetwork},
		"a reset in the middle of the answer":    {wrap("read", syscall.ECONNRESET), phaseAnswer, models.ClassNetwork},
		"anything during the handshake":          {errors.New("anything"), phaseTLS, models.ClassTLS},
		"anything before the answer":             {errors.New("anything"), phaseWait, models.ClassNetwork},
		"anything in the answer":                 {errors.New("anything"), phaseAnswer, models.ClassResponse},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := judgeError(c.err, c.at, time.Second)
			require.Equal(t, Retry, v.outcome)
			require.Equal(t, c.class, v.class)
			require.NotContains(t, v.text, "10.1.2.3")
		})
	}
}

func TestTimeoutsNameThePhaseThatTookTooLong(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, at := range []phase{phaseDNS, phaseConnect, phaseTLS, phaseWait} {
		seen[timeoutText(at, time.Second)] = true
	}
	require.Len(t, seen, 4)
}

func TestOutcomesHaveNames(t *testing.T) {
	t.Parallel()
	want := map[Outcome]string{
		Delivered: "delivered", Retry: "retry", GiveUp: "give_up", Gone: "gone", Interrupted: "interrupted", Outcome(0): "unknown",
	}
	for outcome, name := range want {
		require.Equal(t, name, outcome.String())
	}
}
