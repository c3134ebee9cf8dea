// Package integrations is the contract between the reconciler and the systems around it: what a target, which holds
// live configuration, must do so that a reader never sees a mixture and an old writer never wins.
//
// A target is given a [Release], what a cell shall have, and answers with an [Observation], what is there. The rule that
// says who may write over what is one function of both, [Permit]; the marker that every target leaves beside the
// configuration is a signed [Head]. Each system has a folder of its own below this one that exports an [Integration];
// the list in cmd/sluice/integrations.go is the registry. The conformance suite in integrationstest asks of every
// target what is written here.
//
// Targets are not trusted: whoever can write to one can change what applications read, at most until it is next
// compared. A head that does not verify is never believed, neither its sequence number nor its content.
package integrations
