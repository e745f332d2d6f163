/** libcrypto: AES-256-GCM on native memory. The engine uses the classes with capital letters. */
package io.qsfs.bindings.crypto;
