package diag

// InEnglishWords are the words that Chinese ones are translated to, for the tests.
var InEnglishWords = inEnglish
