package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// AddressTakenError says that another program listens on an address.
type AddressTakenError struct{ Flag, Address string }

// Error names the flag, which is how to mend it.
func (e *AddressTakenError) Error() string {
	return fmt.Sprintf("address %s is in use by another program: choose another one with %s", e.Address, e.Flag)
}

// Listen opens a listener on HOST:PORT; flag is how the user calls the address.
func Listen(ctx context.Context, flag, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &AddressTakenError{Flag: flag, Address: address}
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s (%s): %w", address, flag, err)
	}
	return l, nil
}

// Probe reports whether Listen would work, for addresses that other code listens on.
func Probe(ctx context.Context, flag, address string) error {
	l, err := Listen(ctx, flag, address)
	if err != nil {
		return err
	}
	return l.Close()
}

// LocalURL is how this machine reaches what listens at address.
func LocalURL(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return "http://" + address.String()
	}
	host := tcp.IP.String()
	if len(tcp.IP) == 0 || tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
