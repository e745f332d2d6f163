/** The volume key and everything that is derived from it or protects it: superblock, key slots, key files. */
package io.qsfs.keys;
