// Package provider reads, in a running program, the configuration that a reconciler admitted and delivered.
//
// What a program gets is whole (a snapshot of one release, never a mixture of two), genuine (signed by the reconciler's log
// key for this app in this stage, and pinned by the program) and never older than what it had. What does not fit the
// program is not taken, and the program keeps running on what it has when everything else is down.
//
//	p, err := provider.Open(ctx, provider.Options{
//		Source:  etcd.New(client, "/config/production/pay"), // or mount.New, file.New, http.New
//		Project: "5f0c66d1", Stage: "production", App: "pay",
//		Keys:    provider.KeyFile("/etc/sluice/log_keys"),
//		Cache:   provider.DirCache("/var/cache/pay"),
//		Start:   provider.AllowStale(24 * time.Hour),
//		Check:   provider.Fits[Config](provider.Files("app.yaml", "local.yaml?"), provider.Strict()), // validates in Open too
//	})
//	config, err := provider.Bind[Config](p, provider.Files("app.yaml", "local.yaml?"), provider.Strict())
//	config.Load().Port // one atomic load
//
// # Types
//
// Bind fills bool, numbers, text, time.Duration ("90m", "30d"), [Secret], encoding/json.Number (the literal as the file has
// it), everything with UnmarshalText (time.Time, net/netip.Addr), slices, maps with text keys, structs, pointers and any.
// Nothing is converted: a number is no text, and 1.5 is no int. A key that is missing is an error, unless its field is a
// pointer, has a default, or says optional; null is no value for a field that says required:
//
//	type Config struct {
//		Port    int             `sluice:"port"`
//		Timeout time.Duration   `sluice:"timeout" default:"30s"`
//		Proxy   string          `sluice:"proxy,optional"`
//		Token   provider.Secret `sluice:"token"`
//		TLS     *TLS            `sluice:"tls"`           // may be missing
//		Auth    *Auth           `sluice:"auth,required"` // may not
//	}
//
// Without a sluice tag the name in the json tag counts, then the field's own name in any case; two keys that differ in case
// alone are an error there. What is embedded, by value or pointer, is part of the struct unless a tag gives it a name. An
// optional struct that is missing has the defaults of its fields. A default that does not fit, and a tag option that nobody
// knows, are errors of Bind.
//
// A type with Validate() error is asked after it was filled, whatever kind of type it is; an optional one that is missing is
// not. All that is wrong is said at once, by key and never with the value.
//
// # A change
//
// Verify, Options.Check, every binding, every [Binding.OnChange]; then swap, then every [Binding.AfterChange], then the
// cache. An error or a panic in the first half rejects the release: what runs goes on running, and Healthy and Stats say why. A
// function that does not return within Options.Callback is in Healthy, and no release is taken before it has returned. A
// request that reads several keys should hold one snapshot, or one value of Load, for as long as it takes.
//
// At a start nothing is bound yet. A release that the cache does not have waits until 5 s after Open, or Close, before it is
// kept, so that Bind can refuse it and go on with what the program ran before.
//
// # Trust
//
// The source is not trusted: whoever can write to it can withhold a release, and nothing else. The cache is verified like
// the source. [Keys] says how a log key is replaced. Errors and logs name keys and digests, never values; an error that a
// callback or a Validate returned is in Healthy as it is, and in no log.
package provider
