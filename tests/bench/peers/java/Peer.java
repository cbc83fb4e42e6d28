// Times dashjoin's jsonata-java; see ../README.md.
import com.dashjoin.jsonata.Functions;
import com.dashjoin.jsonata.Jsonata;
import com.dashjoin.jsonata.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

class Peer {
    static double seconds;

    static double runBatch(Runnable operation, long size) {
        final long start = System.nanoTime();
        for (long i = 0; i < size; i++)
            operation.run();
        return System.nanoTime() - start;
    }

    static String measure(String name, Runnable operation) {
        operation.run();
        long size = 1;
        double ns;
        while ((ns = runBatch(operation, size)) < 2e6 && size <= 1000000)
            size = Math.max(size * 2, (long) Math.ceil(size * 2.5e6 / Math.max(ns, 1)));
        final List<Double> per = new ArrayList<>(List.of(ns / size));
        for (final long end = System.nanoTime() + (long) (seconds * 1e9); per.size() < 3 || System.nanoTime() < end;)
            per.add(runBatch(operation, size) / size);
        Collections.sort(per);
        return String.format(Locale.ROOT, "\"%s\":{\"best\":%.1f,\"median\":%.1f}", name, per.get(0), per.get(per.size() / 2));
    }

    // The text of a string alone has no quotes: it is written as an array's only member.
    static String write(Object v) {
        if (!(v instanceof String))
            return v == null ? "" : Functions.string(v, false);
        final String array = Functions.string(List.of(v), false);
        return array.substring(1, array.length() - 1);
    }

    public static void main(String[] args) throws Exception {
        final String source = Files.readString(Path.of(args[0]));
        final String text = args[1].equals("-") ? null : Files.readString(Path.of(args[1]));
        seconds = Double.parseDouble(args[2]);
        final List<String> report = new ArrayList<>();
        final Jsonata expression = Jsonata.jsonata(source);
        if (!args[0].contains("compile-")) {
            final Object data = text == null ? null : Json.parseJson(text);
            final Object result = expression.evaluate(data);
            Files.writeString(Path.of(args[3]), write(result));
            if (seconds > 0) {
                report.add(measure("parse_ns", () -> { if (text != null) Json.parseJson(text); }));
                report.add(measure("eval_ns", () -> expression.evaluate(data)));
                report.add(measure("serialize_ns", () -> write(result)));
                report.add(measure("e2e_ns", () -> write(expression.evaluate(text == null ? null : Json.parseJson(text)))));
            }
        }
        if (seconds > 0)
            report.add(measure("compile_ns", () -> Jsonata.jsonata(source)));
        System.out.println("{" + String.join(",", report) + "}");
    }
}
