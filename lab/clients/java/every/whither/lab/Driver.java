package whither.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Real Kafka clients, many in one JVM, each told what to do by one line of JSON on stdin.
 *
 * <pre>
 * {"id":7,"do":"producer.send","client":"p1","topic":"t","partition":0,"count":3}
 * {"id":7,"ok":{"from":0,"to":3}}      or      {"id":7,"error":"..."}
 * </pre>
 *
 * Requests of one client run in their order on that client's own thread; requests of different clients, and
 * those without a client, run side by side. The process ends with its stdin.
 */
public final class Driver {
    /** What a request does; the result is written as JSON, null as {}. */
    interface Command {
        Object run(Request request) throws Exception;
    }

    /** Commands that belong together. */
    interface Family {
        void register(Map<String, Command> commands);
    }

    static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Command> commands = new HashMap<>();
    private final Map<String, ExecutorService> lanes = new ConcurrentHashMap<>();
    private final ExecutorService others = Executors.newCachedThreadPool();
    private final PrintStream replies;

    private Driver(String bootstrap, PrintStream replies) {
        this.replies = replies;
        new Producers(bootstrap).register(commands);
        new Consumers(bootstrap).register(commands);
        new Cluster(bootstrap).register(commands);
        new Groups(bootstrap).register(commands);
        new StreamsApps(bootstrap).register(commands);
        new OffsetSyncers(bootstrap).register(commands);
        for (String family : List.of("ShareGroups", "ForgottenTransactions")) {
            registerIfCompiled(family, bootstrap);
        }
    }

    /** These use what clients before Kafka 4 don't have, and are compiled only against later ones. */
    private void registerIfCompiled(String family, String bootstrap) {
        try {
            Object created = Class.forName("whither.lab." + family)
                    .getDeclaredConstructor(String.class)
                    .newInstance(bootstrap);
            ((Family) created).register(commands);
        } catch (ClassNotFoundException older) {
            // Their commands answer "no command".
        } catch (ReflectiveOperationException broken) {
            throw new IllegalStateException(broken);
        }
    }

    public static void main(String[] arguments) throws Exception {
        // Whatever a library prints must not get between the replies.
        PrintStream replies = System.out;
        System.setOut(System.err);
        Driver driver = new Driver(arguments[0], replies);
        driver.reply(JSON.createObjectNode().put("id", 0).set("ok", JSON.createObjectNode()));
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            driver.accept(JSON.readTree(line));
        }
        // Open transactions and memberships must look as they do when a process dies.
        Runtime.getRuntime().halt(0);
    }

    private void accept(JsonNode json) {
        Request request = new Request(json);
        ExecutorService lane = request.has("client")
                ? lanes.computeIfAbsent(request.text("client"), name -> Executors.newSingleThreadExecutor())
                : others;
        lane.execute(() -> reply(answer(request)));
    }

    private ObjectNode answer(Request request) {
        ObjectNode answer = JSON.createObjectNode().put("id", request.number("id"));
        try {
            Command command = commands.get(request.text("do"));
            if (command == null) {
                throw new IllegalArgumentException("no command " + request.text("do"));
            }
            Object result = command.run(request);
            answer.set("ok", result == null ? JSON.createObjectNode() : JSON.valueToTree(result));
        } catch (Throwable failure) {
            answer.put("error", describe(failure));
        }
        return answer;
    }

    private synchronized void reply(JsonNode answer) {
        replies.println(answer);
        replies.flush();
    }

    private static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder(failure.toString());
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            text.append(" <- ").append(cause);
        }
        return text.toString();
    }
}
