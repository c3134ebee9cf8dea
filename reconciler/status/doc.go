// Package status shows people how a project is: which content each app has in each stage, what waits, and what stands in
// its way.
//
// [New] serves a read-only page of a [schema.View]; [WriteStatus] and [WriteWhy] write the same to a terminal. Both say it
// with the same words: the sentences are those of the code registry, made into a checklist by [Text]. Everything here is a
// function of a view and a time, so the page, the command and a test see one truth.
//
// A view is not trusted to be harmless: titles, paths and messages in it were written by others, and are shown as text.
package status
