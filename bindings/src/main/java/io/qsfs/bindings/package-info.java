/** Native libraries as Java sees them: the only module that may make an unsafe call. */
package io.qsfs.bindings;
