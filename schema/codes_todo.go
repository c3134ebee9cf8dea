package schema

var signatureCodes []CodeInfo
var approvalCodes []CodeInfo
var landingCodes []CodeInfo
var lifecycleCodes []CodeInfo
var contentCodes []CodeInfo
var ledgerCodes []CodeInfo
var targetCodes []CodeInfo
