package io.qsfs.cli;

import io.qsfs.config.Paths;
import io.qsfs.memory.Clock;
import io.qsfs.mount.VolumeLauncher;
import java.io.Console;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;

/**
 * What a command has to work with; a test hands in its own.
 *
 * @param main        the program, for a child that serves a detached mount.
 * @param launcher    the engine.
 * @param paths       of the user.
 * @param environment of the process.
 * @param console     null when there is no terminal to ask at.
 * @param in          standard input.
 * @param out         standard output.
 * @param err         standard error.
 * @param isTerminal  standard output is a terminal.
 * @param clock       time.
 */
record Context(
        Class<?> main,
        VolumeLauncher launcher,
        Paths paths,
        Map<String, String> environment,
        Console console,
        InputStream in,
        PrintStream out,
        PrintStream err,
        boolean isTerminal,
        Clock clock) {}
