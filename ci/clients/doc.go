// Package clients lets programs that others wrote read what sluice writes: agollo, a client of Apollo, from the agent;
// viper (through the etcd backend of sagikazarmark/crypt, which its remote configuration is made of), koanf, confd and etcdctl
// from the mirror of the target "etcd". It is a module of its own, so that theirs are not in sluice's.
//
// viper's own package remote is that backend with those for Consul, Firestore and NATS, and cloud libraries of many
// megabytes; the test has the few lines of it that etcd needs. confd v0.16.0 is from 2018 and has no go.mod: the module below
// confd pins etcd's client and gRPC of that time for it, and is built by its test alone.
package clients
