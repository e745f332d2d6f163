/** ISA-L: erasure codes and checksums. The engine uses {@link io.qsfs.bindings.isal.Isal}. */
package io.qsfs.bindings.isal;
