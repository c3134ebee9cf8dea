package schema

// importCodes say why configuration that exists elsewhere was not taken over.
var importCodes = []CodeInfo{
	{
		Code: "import-differs", Title: "other content is there already", Message: "{path} holds something else already",
		Cause:   "The file is in the stage already with other bytes. Which of the two is right, a person has to say.",
		Fix:     "Compare the two. --force takes what was read, --exclude leaves what is there.",
		Example: "stages/gray/payments/app.yaml: error[import-differs]: stages/gray/payments/app.yaml holds something else already",
	}, {
		Code: "import-shape", Title: "key cannot be put into a file", Message: "{path}: {why}",
		Cause:   "The keys do not make one tree of maps: a key is a value and a map at once, has an empty part, or is there twice; or a value is no text.",
		Fix:     "Take the keys as files (--as files), or leave the key out with --exclude.",
		Example: "/old/pay/db/port: error[import-shape]: /old/pay/db/port: the key db above it is a value, and cannot be a map as well",
	}, {
		Code: "import-unlike", Title: "a key would not come back as it was read", Message: "{path} would not be delivered as it was read: {why}",
		Cause:   "After a delivery the target would hold another name or value than the one that was read, so programs would notice.",
		Fix:     "Take the keys in another form (--as), or leave the key out with --exclude.",
		Example: "/old/pay/dbhost: error[import-unlike]: /old/pay/dbhost would not be delivered as it was read: its name would be another",
	},
}
