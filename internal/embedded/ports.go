package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// The names of the listeners.
const (
	ListenerFrontend = "frontend"
	ListenerUI       = "ui"
)

// PortTakenError says that another program listens on an address that was asked for.
type PortTakenError struct {
	Listener string // ListenerFrontend or ListenerUI
	Address  string // as configured
}

// Error names the address.
func (e *PortTakenError) Error() string {
	return fmt.Sprintf("address %s of the Temporal %s is in use by another program", e.Address, e.Listener)
}

// listener is an address on which the server or the Web UI will listen.
type listener struct {
	ip   net.IP
	port int
}

// dialAddr is the address by which this machine reaches the listener.
func (l listener) dialAddr() string {
	ip := l.ip
	switch {
	case ip.Equal(net.IPv6unspecified):
		ip = net.IPv6loopback
	case ip.IsUnspecified():
		ip = net.ParseIP(loopback)
	}
	return net.JoinHostPort(ip.String(), strconv.Itoa(l.port))
}

// resolveListener turns HOST:PORT into an address that is free at the moment. The server takes only
// IP addresses, and it and the Web UI exit the process when their port is taken: hence the probe.
func resolveListener(ctx context.Context, name, addr string) (listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return listener{}, fmt.Errorf("address %q of the Temporal %s is not HOST:PORT: %w", addr, name, err)
	}
	if tcp.IP == nil {
		tcp.IP = net.IPv4zero
	}
	port, err := probe(ctx, tcp.String())
	if errors.Is(err, syscall.EADDRINUSE) {
		return listener{}, &PortTakenError{Listener: name, Address: addr}
	}
	if err != nil {
		return listener{}, fmt.Errorf("listen on %s for the Temporal %s: %w", addr, name, err)
	}
	return listener{ip: tcp.IP, port: port}, nil
}

// probe listens on addr for a moment and returns the port.
func probe(ctx context.Context, addr string) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// freePorts returns n different free ports of the loopback interface. All are held until the last is
// found; between then and the server's own listen lies a small race, which ends in a clear exit.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var lc net.ListenConfig
	ports := make([]int, 0, n)
	for range n {
		l, err := lc.Listen(ctx, "tcp", loopback+":0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
