// A control plane made of go-control-plane: secrets, state of the world. It answers lines on its standard input.
//
//	set <version> <certificate file> <key file>   gives the secret "server" a new version
//
// and prints "port <n>" when it listens, "ack <version>" and "nack <version> <reason>" for what the client says.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	secret "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
)

// One snapshot for every node.
type anyNode struct{}

func (anyNode) ID(*core.Node) string { return "any" }

func bytes(content []byte) *core.DataSource {
	return &core.DataSource{Specifier: &core.DataSource_InlineBytes{InlineBytes: content}}
}

func secretOf(certificateFile, keyFile string) (types.Resource, error) {
	certificate, err := os.ReadFile(certificateFile)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	pair := &tls.TlsCertificate{CertificateChain: bytes(certificate), PrivateKey: bytes(key)}
	return &tls.Secret{Name: "server", Type: &tls.Secret_TlsCertificate{TlsCertificate: pair}}, nil
}

func report(_ int64, request *discovery.DiscoveryRequest) error {
	if detail := request.GetErrorDetail(); detail != nil {
		fmt.Printf("nack %s %s\n", request.GetVersionInfo(), detail.GetMessage())
	} else if request.GetResponseNonce() != "" {
		fmt.Printf("ack %s\n", request.GetVersionInfo())
	}
	return nil
}

func set(snapshots cache.SnapshotCache, words []string) error {
	pair, err := secretOf(words[2], words[3])
	if err != nil {
		return err
	}
	content := map[resource.Type][]types.Resource{resource.SecretType: {pair}}
	snapshot, err := cache.NewSnapshot(words[1], content)
	if err != nil {
		return err
	}
	return snapshots.SetSnapshot(context.Background(), "any", snapshot)
}

func run() error {
	snapshots := cache.NewSnapshotCache(false, anyNode{}, nil)
	callbacks := server.CallbackFuncs{StreamRequestFunc: report}
	grpcServer := grpc.NewServer()
	secret.RegisterSecretDiscoveryServiceServer(grpcServer, server.NewServer(context.Background(), snapshots, callbacks))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			if words := strings.Fields(lines.Text()); len(words) == 4 && words[0] == "set" {
				if err := set(snapshots, words); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}
		}
		os.Exit(0)
	}()
	return grpcServer.Serve(listener)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
