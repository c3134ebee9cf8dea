package signing

import "github.com/sluice-gitops/sluice/schema"

// The codes of a verdict on a signature. They are stable: ledgers, explanations and pages name them. The role of the
// signer (principal-not-authorised) is judged by the policies.
const (
	CodeOK                 schema.Code = "ok"
	CodeObjectMismatch     schema.Code = "object-mismatch"     // the bytes have another id, or are half of a SHA-1 collision
	CodeMalformedObject    schema.Code = "malformed-object"    // the strict grammar or the canonical armor does not hold
	CodeUnsigned           schema.Code = "unsigned"            // no signature at all
	CodeMultipleSignatures schema.Code = "multiple-signatures" // more than one signature
	CodeX509Unsupported    schema.Code = "x509-unsupported"    // an X.509 (gitsign, smimesign) signature
	CodeUnsupportedKeyType schema.Code = "unsupported-key-type"
	CodeWeakAlgorithm      schema.Code = "weak-algorithm"
	CodeWrongNamespace     schema.Code = "wrong-namespace" // an SSH signature made for another purpose
	CodeUnknownKey         schema.Code = "unknown-key"
	CodeForgeKeyOnly       schema.Code = "forge-key-only" // a good signature by the forge's own key, which is nobody's
	CodeAmbiguousKey       schema.Code = "ambiguous-key"  // the key stands in the trust twice
	CodeBadSignature       schema.Code = "bad-signature"
	CodeKeyUsage           schema.Code = "key-usage" // a good signature by a key that may not sign this
	CodeKeyNotYetValid     schema.Code = "key-not-yet-valid"
	CodeKeyExpired         schema.Code = "key-expired"
	CodeKeyExpiredOpenPGP  schema.Code = "key-expired-openpgp" // by the key's own word, in the copy that the trust holds
	CodeKeyRevoked         schema.Code = "key-revoked"
	CodeKeyCompromised     schema.Code = "key-compromised"
	CodeSignatureInFuture  schema.Code = "signature-in-future"
	CodeSignatureTooOld    schema.Code = "signature-too-old"
)
