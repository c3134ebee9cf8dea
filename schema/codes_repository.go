package schema

// repositoryCodes say why a repository could not be read or written. Nothing is decided then.
var repositoryCodes = []CodeInfo{
	{
		Code: "repository-unauthorized", Title: "repository refuses the credentials", Message: "the repository refuses the credentials[: {why}]",
		Cause:   "The token or key is wrong, has expired or was revoked, or none is set.",
		Fix:     "Check username: and token_file:, or ssh_key_file:, of the repository in reconciler.yaml.",
		Example: "sluice: fetch https://gitlab.example.com/acme/config.git: credentials refused: 401 Unauthorized",
	}, {
		Code: "repository-forbidden", Title: "repository does not allow it", Message: "the account may not do this in the repository[: {why}]",
		Cause:   "The credentials are good, but the account's role is too small.",
		Fix:     "Give the reconciler's account the right to read the repository and to push to the ledger's branch.",
		Example: "sluice: push refs/heads/sluice/ledger to https://gitlab.example.com/acme/config.git: not allowed: 403 Forbidden",
	}, {
		Code: "repository-not-found", Title: "no repository at this address", Message: "there is no such repository[: {why}]",
		Cause:   "The address is wrong, or the repository is private and hidden from this account.",
		Fix:     "Check the address and the credentials: a private repository looks like a missing one to an account without access.",
		Example: "sluice: fetch https://gitlab.example.com/acme/confg.git: repository not found: 404 Not Found",
	}, {
		Code: "repository-unreachable", Title: "repository cannot be reached", Message: "the repository does not answer[: {why}]",
		Cause:   "The server is down, the network between is, or the address has the wrong host or port.",
		Fix:     "Wait and try again. If it stays, check the address.",
		Example: "sluice: fetch https://gitlab.example.com/acme/config.git: remote unreachable: 192.0.2.7:443: connection refused",
	}, {
		Code: "repository-redirected", Title: "repository has moved", Message: "the server points to another address[: {why}]",
		Cause:   "Following it would send the credentials to somebody else.",
		Fix:     "If the new address is right, write it into reconciler.yaml.",
		Example: "sluice: fetch https://git.example.com/acme/config.git: redirected to another origin: https://gitlab.example.com",
	}, {
		Code: "repository-empty", Title: "repository has no commit", Message: "the repository has no commit",
		Cause:   "Nothing was pushed yet, or nothing was committed.",
		Fix:     "Push a first commit. Then: sluice init.",
		Example: "sluice: fetch https://gitlab.example.com/acme/config.git: repository has no commit",
	}, {
		Code: "host-key", Title: "server's host key is not known", Message: "the server shows a host key that the known hosts do not have[: {why}]",
		Cause:   "The known hosts file lacks the server, or somebody stands between.",
		Fix:     "Ask who runs the server for its host key, and write it into the file of known_hosts_file:.",
		Example: "sluice: fetch ssh://git@gitlab.example.com/acme/config.git: host key not known: gitlab.example.com:22 shows SHA256:…",
	}, {
		Code: "push-refused", Title: "server refuses the push", Message: "the server refuses the push[: {why}]",
		Cause:   "The branch is protected against this account, or a hook or push rule says no.",
		Fix:     "Protect the ledger's branch so that the reconciler's account, and nobody else, may push to it.",
		Example: "sluice: push refs/heads/sluice/ledger to https://gitlab.example.com/config.git: push refused: pre-receive hook declined",
	}, {
		Code: "disk-full", Title: "disk is full", Message: "there is no room on the disk[: {why}]",
		Cause:   "The state directory holds a mirror of the repository, which grew past the room there is.",
		Fix:     "Make room on the disk of the state directory. Nothing that was admitted is lost.",
		Example: "sluice: fetch https://gitlab.example.com/acme/config.git: no space left: write pack: no space left on device",
	}, {
		Code: "shallow-clone", Title: "history is incomplete", Message: "the clone is shallow[: {why}]",
		Cause:   "The answer needs commits that a shallow clone does not have. What is not there is never taken as good.",
		Fix:     "Fetch the whole history: git fetch --unshallow. In GitLab CI set GIT_DEPTH: 0.",
		Example: "sluice: read the history of refs/heads/main: history is incomplete: shallow clone",
	}, {
		Code: "object-missing", Title: "something is missing in the clone", Message: "an object is not in this clone[: {why}]",
		Cause:   "It was never fetched, or the clone is partial or damaged.",
		Fix:     "Fetch it: git fetch origin '+refs/heads/*:refs/remotes/origin/*'.",
		Example: "sluice: object 8c1f03d2b6a94e57f1c0d3a8872e5f6b9a0c4d1e: object missing",
	},
}

// runCodes say why the reconciler as a whole does not decide.
var runCodes = []CodeInfo{
	{
		Code: "not-sealed", Title: "project is not sealed yet", Message: "the project is not sealed yet",
		Cause: "The ledger has no first entry: nobody has said yet what each stage holds at the start.",
		Fix:   "In a checkout, once sluice.yaml is on the default branch: sluice init --seal.",
		Example: "sluice: the project is not sealed yet\n" +
			"hint: In a checkout, once sluice.yaml is on the default branch: sluice init --seal.",
	}, {
		Code: "no-ledger", Title: "no ledger here", Message: "there is no ledger[: {why}]",
		Cause: "This clone has not fetched the ledger's branch, or the project is not sealed yet.",
		Fix:   "Fetch it: git fetch origin. If the project is not sealed yet: sluice init --seal.",
		Example: "sluice: there is no branch sluice/ledger in config: the project is not sealed yet,\n" +
			"        or this is a clone that has the ledger as origin's alone [no-ledger]",
	}, {
		Code: "clone-old", Title: "the clone that is read has not fetched lately", Message: "what the clone shows may be old[: {why}]",
		Cause:   "sluice web reads a clone on the same machine, and what that has of the ledger is as of its last fetch.",
		Fix:     "Run git fetch in the clone as often as sluice web looks, or give the address of the clone's origin as repository.",
		Example: "[-]git failed: last read 2026-11-23T07:12:20Z [clone-old]",
	}, {
		Code: "ledger-moved", Title: "another reconciler was faster", Message: "somebody else wrote to the ledger[: {why}]",
		Cause:   "Two reconcilers run for one project. One wins each time, the other reads again.",
		Fix:     "Run it again. Nothing was decided twice.",
		Example: "sluice: push refs/heads/sluice/ledger to https://gitlab.example.com/acme/config.git: ref has moved",
	}, {
		Code: "unknown-outcome", Title: "not known whether it arrived", Message: "the connection was lost after a push was sent[: {why}]",
		Cause:   "The network broke between the push and its answer.",
		Fix:     "Run it again: the next pass reads what is there.",
		Example: "sluice: push refs/heads/sluice/ledger to https://gitlab.example.com/acme/config.git: outcome of the push unknown",
	},
}
