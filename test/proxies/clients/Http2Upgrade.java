// Java's HttpClient, which offers `Upgrade: h2c` with each request to http: prints method, status and body.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

class Http2Upgrade {
  public static void main(String[] words) throws Exception {
    var size = Integer.parseInt(words[1]);
    var get = HttpRequest.newBuilder(URI.create(words[0])).timeout(Duration.ofSeconds(10)).GET();
    var post = HttpRequest.newBuilder(URI.create(words[0])).timeout(Duration.ofSeconds(10))
        .POST(BodyPublishers.ofString("x".repeat(size)));
    for (var request : new HttpRequest[] {get.build(), post.build(), post.build()}) {
      // A new client for each request: the offer is made on a new connection only.
      try {
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        System.out.println(response.statusCode() + " " + response.body());
      } catch (Exception error) {
        System.out.println(error);
      }
    }
  }
}
