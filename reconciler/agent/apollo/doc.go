// Package apollo lets clients of the configuration centre Apollo read what a reconciler admitted, without a change of their
// code: the read half of its config service, fed with verified snapshots.
//
//	GET /configs/{appId}/{cluster}/{namespace}            the keys; 304 while releaseKey is still the newest
//	GET /configfiles/{appId}/{cluster}/{namespace}        the same as .properties, below json/ as JSON, below raw/ as committed
//	GET /notifications/v2?appId=&cluster=&notifications=  answers when something is new, or 304 after a minute
//	GET /services/config                                  this server as the only one, for clients that ask a meta server
//
// # What is what
//
// An appId is an app ("." stands for "/"), a cluster is the stage by its name or "default", and any other cluster is not
// found: a client that asks for staging never gets production. A namespace is a file of the app: with an ending (app.yaml,
// logging.xml) its text under the key "content", without one its flat keys; see the package properties. Where several files
// have one name, .properties is taken before .yaml, .yml and .json. The namespace "application", which clients take by
// default, is application.* or else app.*. A file in a folder has "." for "/".
//
// A releaseKey is a digest of the namespace's keys, so that every replica says the same. A notificationId is the ledger
// sequence of the release that changed the namespace, or that the server began with, which never goes back.
//
// # Several servers
//
// One of them sees a release before the others, and a client that it tells may read at another. Where the client says what it was
// told (messages), that one waits for the release, and after three seconds says 503. Most do not say: so a server tells of a change
// once more, ten seconds after it came, whoever asked for notifications until then.
//
// # Trust
//
// Only a [Server] that was told so answers without a signature, or to another name than localhost. A signature is Apollo's: HMAC-SHA1 with the app's access key
// over the time and the path, good for a minute before and after. It says who asks; what is answered is as true as the
// connection, so a client beyond this machine should come over TLS.
package apollo
