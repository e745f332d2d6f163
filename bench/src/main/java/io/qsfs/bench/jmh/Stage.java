package io.qsfs.bench.jmh;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * A benchmark as the table shows it: in words, with its roof, the parameters of quick and full runs, and the ratio that is wanted.
 *
 * @param name in words.
 * @param benchmark simple name of the class, a dot, the method.
 * @param roof what it is measured beside, in words.
 * @param parameters values of a full run; JMH runs all combinations.
 * @param isQuick which combinations a quick run has.
 * @param bytes payload of an operation; 0 when operations are counted and not bytes.
 * @param goal the least ratio to the roof; 0 when none is wanted.
 */
record Stage(
        String name,
        String benchmark,
        String roof,
        Map<String, List<String>> parameters,
        Predicate<Map<String, String>> isQuick,
        ToLongFunction<Map<String, String>> bytes,
        ToDoubleFunction<Map<String, String>> goal) {

    /** A stage without parameters, of which operations are counted. */
    static Stage of(String name, String benchmark, String roof) {
        return new Stage(name, benchmark, roof, Map.of(), p -> true, p -> 0, p -> 0);
    }

    /** The same with one more parameter. */
    Stage with(String parameter, String... values) {
        Map<String, List<String>> more = new LinkedHashMap<>(parameters);
        more.put(parameter, List.of(values));
        return new Stage(name, benchmark, roof, more, isQuick, bytes, goal);
    }

    /** The same with fewer combinations when it must be quick. */
    Stage quick(Predicate<Map<String, String>> wanted) {
        return new Stage(name, benchmark, roof, parameters, wanted, bytes, goal);
    }

    /** The same, counted in bytes. */
    Stage bytes(ToLongFunction<Map<String, String>> count) {
        return new Stage(name, benchmark, roof, parameters, isQuick, count, goal);
    }

    /** The same with a goal. */
    Stage goal(ToDoubleFunction<Map<String, String>> least) {
        return new Stage(name, benchmark, roof, parameters, isQuick, bytes, least);
    }

    /** Every combination of parameters, in the order of their values. */
    List<Map<String, String>> combinations(boolean isFull) {
        List<Map<String, String>> all = List.of(Map.of());
        for (Map.Entry<String, List<String>> parameter : parameters.entrySet()) {
            List<Map<String, String>> more = new ArrayList<>();
            for (Map<String, String> begun : all) {
                for (String value : parameter.getValue()) {
                    Map<String, String> combination = new LinkedHashMap<>(begun);
                    combination.put(parameter.getKey(), value);
                    more.add(combination);
                }
            }
            all = more;
        }
        return all.stream().filter(p -> isFull || isQuick.test(p)).toList();
    }
}
