/** Configuration, and the errors a user sees. */
package io.qsfs.config;
