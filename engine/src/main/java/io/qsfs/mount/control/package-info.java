/** The control socket of a running mount, and how its commands find it. */
package io.qsfs.mount.control;
