package embedded

import (
	"fmt"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
)

const (
	clusterName = "active"
	storeName   = "sqlite"
	loopback    = "127.0.0.1"
)

// internalServices are the services that only the server itself dials; each has a port of its own
// on the loopback interface.
func internalServices() []primitives.ServiceName {
	return []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService}
}

// serverConfig is the static configuration. internal holds one port for each of internalServices.
func serverConfig(db *config.SQL, frontend listener, internal []int) *config.Config {
	services := map[string]config.Service{
		string(primitives.FrontendService): {RPC: config.RPC{BindOnIP: frontend.ip.String(), GRPCPort: frontend.port}},
	}
	for i, name := range internalServices() {
		services[string(name)] = config.Service{RPC: config.RPC{BindOnIP: loopback, GRPCPort: internal[i]}}
	}
	cfg := &config.Config{
		Services: services,
		Persistence: config.Persistence{
			DefaultStore: storeName, VisibilityStore: storeName,
			// A file's number of shards can never change. One is enough for one machine.
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{storeName: {SQL: db}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend.dialAddr()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: frontend.dialAddr()},
	}
	const off = "disabled"
	cfg.Archival.History.State = off
	cfg.Archival.Visibility.State = off
	cfg.NamespaceDefaults.Archival.History.State = off
	cfg.NamespaceDefaults.Archival.Visibility.State = off
	return cfg
}

// staticHosts tells the services where the others are, so that no membership port is opened.
func staticHosts(frontend listener, internal []int) map[primitives.ServiceName]static.Hosts {
	host := func(addr string) static.Hosts { return static.Hosts{All: []string{addr}, Self: addr} }
	hosts := map[primitives.ServiceName]static.Hosts{primitives.FrontendService: host(frontend.dialAddr())}
	for i, name := range internalServices() {
		hosts[name] = host(fmt.Sprintf("%s:%d", loopback, internal[i]))
	}
	return hosts
}

// dynamicSettings are the measured deviations from the server's defaults.
func dynamicSettings() dynamicconfig.StaticClient {
	settings := map[string]any{
		// With more than one partition a task may wait in one that nobody polls.
		"matching.numTaskqueueReadPartitions":  1,
		"matching.numTaskqueueWritePartitions": 1,
		// The default of 20 makes every hand-over between workflow and activity wait up to 50 ms.
		"history.transferProcessorMaxPollRPS": 200,
		"history.timerProcessorMaxPollRPS":    200,
		// Cancellation reaches an activity in tens of milliseconds instead of at its next heartbeat.
		"system.enableCancelActivityWorkerCommand": true,
		"frontend.WorkerCommandsEnabled":           true,
		// The Web UI alone can exceed the default of 10 lists and counts per second.
		"frontend.namespaceRPS.visibility": 100,
	}
	client := make(dynamicconfig.StaticClient, len(settings))
	for key, value := range settings {
		client[dynamicconfig.MakeKey(key)] = value
	}
	return client
}
