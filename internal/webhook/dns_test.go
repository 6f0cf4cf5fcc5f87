package webhook

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// silentDNS makes the name server of a test answer nothing.
const silentDNS dnsmessage.RCode = 0xfff

// resolver asks a name server of our own that answers each question with code and, for IPv4, with the
// given addresses.
func resolver(t *testing.T, code dnsmessage.RCode, addresses ...[4]byte) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		clients []net.Conn
	)
	running.Go(func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := answerDNS(buffer[:n], code, addresses); reply != nil {
				_, _ = server.WriteTo(reply, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = server.Close()
		running.Wait()
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range clients { // package net waits for 5 seconds otherwise
			_ = conn.Close()
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
		if err == nil {
			mu.Lock()
			clients = append(clients, conn)
			mu.Unlock()
		}
		return conn, err
	}}
}

func answerDNS(query []byte, code dnsmessage.RCode, addresses [][4]byte) []byte {
	var message dnsmessage.Message
	if code == silentDNS || message.Unpack(query) != nil || len(message.Questions) != 1 {
		return nil
	}
	question := message.Questions[0]
	message.Response, message.RCode, message.RecursionAvailable = true, code, true
	message.Additionals = nil
	if question.Type == dnsmessage.TypeA {
		for _, address := range addresses {
			message.Answers = append(message.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: address},
			})
		}
	}
	reply, err := message.Pack()
	if err != nil {
		return nil
	}
	return reply
}
