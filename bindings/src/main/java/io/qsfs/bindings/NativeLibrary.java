package io.qsfs.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A shared library found by a list of SONAMEs, as the run-time packages install it; the name without a version
 * belongs to the -dev packages. That a library is missing is an answer ({@link #isAvailable}) and not an exception:
 * whoever cannot do without calls {@link #require} once at start.
 *
 * <p>A library is never closed: function handles refer to it as long as the process lives.
 *
 * <p>Threading: immutable.
 */
public final class NativeLibrary implements SymbolLookup {
    public static final NativeLibrary FUSE =
            known("libfuse3", "libfuse3-3 (libfuse3-4 from Debian 13 on)", "libfuse3.so.4", "libfuse3.so.3");
    public static final NativeLibrary ISAL = known("libisal", "libisal2", "libisal.so.2");
    public static final NativeLibrary CRYPTO = known("libcrypto", "libssl3", "libcrypto.so.3");
    public static final NativeLibrary LMDB = known("liblmdb", "liblmdb0", "liblmdb.so.0");

    private final String name;
    private final String soname;
    private final SymbolLookup symbols;
    private final String unavailabilityCause;

    private NativeLibrary(String name, String soname, SymbolLookup symbols, String unavailabilityCause) {
        this.name = name;
        this.soname = soname;
        this.symbols = symbols;
        this.unavailabilityCause = unavailabilityCause;
    }

    /**
     * Loads the first that opens of a list of names.
     *
     * @param name          what messages call the library.
     * @param debianPackage what to install when none opens.
     * @param sonames       file names for the dynamic linker, in order of preference.
     */
    public static NativeLibrary load(String name, String debianPackage, List<String> sonames) {
        for (String soname : sonames) {
            try {
                return new NativeLibrary(name, soname, SymbolLookup.libraryLookup(soname, Arena.global()), null);
            } catch (IllegalArgumentException e) {
                continue; // dlopen failed, and the JDK does not say why
            }
        }
        String cause = name + " cannot be loaded (tried " + String.join(", ", sonames)
                + "): install the Debian package " + debianPackage + ".";
        return new NativeLibrary(name, null, symbol -> Optional.empty(), cause);
    }

    /**
     * The environment variable {@code QSFS_NATIVE_NAME} replaces the list, so that a library can be used that is not installed; so
     * does the system property {@code qsfs.native.NAME} before it, so that a test can run where a library is missing.
     */
    private static NativeLibrary known(String name, String debianPackage, String... sonames) {
        String fromEnvironment = System.getenv("QSFS_NATIVE_" + name.toUpperCase(Locale.ROOT));
        String instead = System.getProperty("qsfs.native." + name, fromEnvironment);
        return load(name, debianPackage, instead == null ? List.of(sonames) : List.of(instead.split(",")));
    }

    public String name() {
        return name;
    }

    /** @return the file name that was loaded, null when none was. */
    public String soname() {
        return soname;
    }

    public boolean isAvailable() {
        return unavailabilityCause == null;
    }

    /** @return null when the library is available, else one sentence: what is missing and what to install. */
    public String unavailabilityCause() {
        return unavailabilityCause;
    }

    /** @throws UnsatisfiedLinkError with {@link #unavailabilityCause} when the library is not available. */
    public NativeLibrary require() {
        if (!isAvailable()) {
            throw new UnsatisfiedLinkError(unavailabilityCause);
        }
        return this;
    }

    @Override
    public Optional<MemorySegment> find(String symbol) {
        return symbols.find(symbol);
    }

    /**
     * The address of a function.
     *
     * @throws UnsatisfiedLinkError when the library is not available, or too old or too new to have the symbol.
     */
    public MemorySegment address(String symbol) {
        require();
        return find(symbol).orElseThrow(() -> new UnsatisfiedLinkError(soname + " has no symbol " + symbol));
    }

    @Override
    public String toString() {
        return isAvailable() ? soname : name + " (missing)";
    }
}
