import static java.nio.charset.StandardCharsets.UTF_8;
import java.math.BigInteger;
import java.net.URLDecoder;
import java.security.*;
import java.util.*;
import java.util.stream.Collectors;
public class Pay {
    // COPIED
    public static void main(String[] args) throws Exception {
        for (Scanner lines = new Scanner(System.in, "UTF-8"); lines.hasNextLine();) {
            String[] parts = lines.nextLine().split("\t");
            Map<String, String> params = new HashMap<>();
            for (String pair : parts[1].split("&")) {
                String[] sides = pair.split("=", 2);
                params.put(URLDecoder.decode(sides[0], UTF_8), URLDecoder.decode(sides[1], UTF_8));
            }
            System.out.println(sign(params, parts[0]));
        }
    }
}
