import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * A QR order of TGPay Pro V2 from beginning to end, against the emulator: java Pay.java
 *
 * It creates the order, lets the emulator pay it, receives the notifications, verifies them, shows that a
 * forged one is refused, and queries the order. Java 11 or later, no library. It ends with status 1 when
 * anything is not as it should be.
 */
public class Pay {
    // What you copy begins here.

    /** The sign of parameters or fields (section 1.2 of the document), made before any URL encoding. */
    static String sign(Map<String, String> params, String token) throws GeneralSecurityException {
        Map<String, String> signed = new TreeMap<>(params);
        signed.keySet().removeAll(Arrays.asList("sign", "sign_type"));
        signed.values().removeIf(String::isEmpty);
        String text = signed.entrySet().stream()
            .map(each -> each.getKey() + "=" + each.getValue()).collect(Collectors.joining("&"));
        byte[] md5 = MessageDigest.getInstance("MD5").digest((text + token).getBytes(UTF_8));
        return String.format("%032x", new BigInteger(1, md5));
    }

    /** Whether fields, of an answer or of a notification, have the sign that is theirs. */
    static boolean isSigned(Map<String, String> fields, String token) throws GeneralSecurityException {
        byte[] given = fields.getOrDefault("sign", "").getBytes(UTF_8);
        return MessageDigest.isEqual(sign(fields, token).getBytes(UTF_8), given);
    }

    /** A notification, and what the shop answers to it. Only a valid signature is accepted. */
    static class Notification {
        final Map<String, String> fields;
        final int status;
        final String answer;

        Notification(Map<String, String> fields, String token) throws GeneralSecurityException {
            boolean isBelieved = isSigned(fields, token);
            this.fields = fields;
            status = isBelieved ? 200 : 400;
            answer = isBelieved ? "success" : "wrong signature";
        }
    }

    // What you copy ends here.

    static final String GATEWAY = setting("TGPAY_URL", "http://127.0.0.1:8472");
    static final String MERCHANTS_ID = setting("TGPAY_MERCHANTS_ID", "201703200001");
    static final String TOKEN = setting("TGPAY_TOKEN", "14b0be26d00fbc6dcf20ed1f0a3516df");
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static final BlockingQueue<Notification> RECEIVED = new LinkedBlockingQueue<>();

    static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) {
            System.err.println(otherwise);
            System.exit(1);
        }
    }

    static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
    }

    static String encoded(Map<String, String> params) {
        return params.entrySet().stream()
            .map(each -> each.getKey() + "=" + URLEncoder.encode(each.getValue(), UTF_8))
            .collect(Collectors.joining("&"));
    }

    static Map<String, String> decoded(String query) {
        Map<String, String> fields = new HashMap<>();
        for (String pair : query.split("&")) {
            String[] parts = pair.split("=", 2);
            fields.put(parts[0], URLDecoder.decode(parts[1], UTF_8));
        }
        return fields;
    }

    static Map<String, String> fieldsOf(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Element root = factory.newDocumentBuilder().parse(new ByteArrayInputStream(xml.getBytes(UTF_8)))
            .getDocumentElement();
        Map<String, String> fields = new HashMap<>();
        for (Node each = root.getFirstChild(); each != null; each = each.getNextSibling()) {
            if (each.getNodeType() == Node.ELEMENT_NODE) {
                fields.put(each.getNodeName(), each.getTextContent());
            }
        }
        return fields;
    }

    /** One request to the gateway: signed, sent, and the answer's fields, whose sign is verified. */
    static Map<String, String> ask(String endpoint, Map<String, String> params) throws Exception {
        Map<String, String> sent = new HashMap<>(params);
        sent.put("merchants_id", MERCHANTS_ID);
        sent.put("sign", sign(sent, TOKEN));
        sent.put("sign_type", "MD5");
        URI url = URI.create(GATEWAY + "/v2/" + endpoint + ".php");
        Map<String, String> fields = fieldsOf(send(HttpRequest.newBuilder(url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(encoded(sent)))).body());
        check(isSigned(fields, TOKEN), endpoint + ": the answer has a wrong signature");
        check(fields.get("is_success").equals("T"), endpoint + ": " + fields.get("detail_error_des"));
        return fields;
    }

    /** The shop's notify_url: this notification is a GET, and its fields are the query. */
    static void receive(HttpExchange exchange) throws IOException {
        try {
            Notification received = new Notification(decoded(exchange.getRequestURI().getRawQuery()), TOKEN);
            byte[] answer = received.answer.getBytes(UTF_8);
            exchange.sendResponseHeaders(received.status, answer.length);
            exchange.getResponseBody().write(answer);
            RECEIVED.add(received);
        } catch (GeneralSecurityException impossible) {
            throw new IOException(impossible);
        } finally {
            exchange.close();
        }
    }

    /** The next notification, which must have a valid signature. */
    static Notification next() throws Exception {
        Notification received = RECEIVED.poll(10, TimeUnit.SECONDS);
        check(received != null, "no notification came in 10 seconds");
        String name = "notification " + received.fields.get("notify_type");
        check(received.status == 200, name + ": " + received.answer);
        return received;
    }

    public static void main(String[] args) throws Exception {
        System.setOut(new PrintStream(System.out, true, UTF_8));  // whatever the machine's charset
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/notify", Pay::receive);
        server.start();
        String notifyUrl = "http://127.0.0.1:" + server.getAddress().getPort() + "/notify";

        String order = MERCHANTS_ID + System.currentTimeMillis();
        Map<String, String> made = ask("tgpayqrcode", Map.of(
            "out_trade_no", order, "trans_amount", "12.50", "pay_type", "alipay", "it_b_pay", "15m",
            "account_id", "31", "terminal_id", "",  // empty: it is sent, and not signed
            "reference", "\u5496\u5561 \u5927\u676f",  // so that it does not matter how this file is read
            "notify_url", notifyUrl));
        System.out.printf("order: %s, valid signature%n", made.get("result_code"));
        Notification created = next();
        System.out.printf("notification: %s, valid signature, answered %s%n",
            created.fields.get("notify_type"), created.answer);

        // the emulator lets the buyer pay
        URI pay = URI.create(GATEWAY + "/_emulator/orders/" + MERCHANTS_ID + "/" + order + "/pay");
        HttpResponse<String> event = send(
            HttpRequest.newBuilder(pay).POST(HttpRequest.BodyPublishers.noBody()));
        check(event.statusCode() == 200, event.body());
        Notification notification = next();
        while (!notification.fields.get("notify_type").equals("trade_status_sync")) {
            notification = next();  // the gateway may send one twice
        }
        Map<String, String> paid = notification.fields;
        System.out.printf("notification: %s, valid signature, answered %s: %s, %s %s, %s%n",
            paid.get("notify_type"), notification.answer, paid.get("trade_status"), paid.get("trans_amount"),
            paid.get("currency"), paid.get("subject"));

        paid.put("trans_amount", "0.01");
        URI notify = URI.create(notifyUrl + "?" + encoded(paid));
        HttpResponse<String> forged = send(HttpRequest.newBuilder(notify));
        check(forged.statusCode() == 400, "a forged notification was believed");
        System.out.printf("forged notification: answered %d %s%n", forged.statusCode(), forged.body());

        Map<String, String> found = ask("tgpayquery", Map.of("out_trade_no", order));
        System.out.printf("query: %s, %s %s, valid signature%n", found.get("trade_status"),
            found.get("trans_amount"), found.get("trans_amount_type"));
        server.stop(0);
    }
}
