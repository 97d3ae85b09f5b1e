package io.github.freqreg.examples.report;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** A page that the program wrote, strictly parsed, and files to make one of. */
public final class ReportPage {

    private static final String DATA = "data:image/png;base64,";

    /** Every element that a page has; none of them runs or loads anything by itself. */
    private static final Set<String> ELEMENTS =
            Set.of(
                    "article",
                    "b",
                    "body",
                    "div",
                    "figcaption",
                    "figure",
                    "h1",
                    "h2",
                    "h3",
                    "head",
                    "html",
                    "img",
                    "main",
                    "meta",
                    "p",
                    "picture",
                    "section",
                    "small",
                    "span",
                    "style",
                    "table",
                    "tbody",
                    "td",
                    "th",
                    "thead",
                    "title",
                    "tr");

    private static final Set<String> ATTRIBUTES =
            Set.of(
                    "alt",
                    "charset",
                    "class",
                    "content",
                    "height",
                    "http-equiv",
                    "id",
                    "lang",
                    "name",
                    "src",
                    "srcset",
                    "style",
                    "width");

    private ReportPage() {}

    /** A LeNet that was never trained, 180 numbers of each weight and all biases. */
    public static Path lenet(Path folder, boolean names) throws IOException {
        Path file = folder.resolve("lenet.frq");
        Block block = FrequencyRegularization.builder().optKept(180).build().apply(LeNet.build());
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, new Shape(1).addAll(LeNet.INPUT));
            FrqDocument document = FrequencyFile.toDocument(block, DataType.FLOAT16);
            (names ? document : document.withoutNames()).write(file);
        }
        return file;
    }

    /** Parses a page strictly; nothing in it comes from elsewhere. */
    static Document parse(Path html) throws Exception {
        String text = Files.readString(html);
        assertTrue(text.startsWith("<!DOCTYPE html>\n"), text.substring(0, 40));
        assertFalse(text.contains("http://") || text.contains("https://"), "no address");
        assertFalse(text.contains("url(") || text.contains("@import"), "the style loads nothing");
        Document page =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(Files.newInputStream(html));
        NodeList elements = page.getElementsByTagName("*");
        for (int i = 0; i < elements.getLength(); i++) {
            Element element = (Element) elements.item(i);
            assertTrue(ELEMENTS.contains(element.getTagName()), element.getTagName());
            for (int a = 0; a < element.getAttributes().getLength(); a++) {
                String name = element.getAttributes().item(a).getNodeName();
                assertTrue(ATTRIBUTES.contains(name), name);
                if (name.equals("src")) {
                    assertTrue(image(element.getAttribute(name)).getWidth() > 100);
                }
            }
        }
        return page;
    }

    static BufferedImage image(String data) throws IOException {
        assertTrue(data.startsWith(DATA), data.substring(0, Math.min(40, data.length())));
        byte[] png = Base64.getDecoder().decode(data.substring(DATA.length()));
        return ImageIO.read(new ByteArrayInputStream(png));
    }

    public static Set<Integer> colours(BufferedImage image) {
        Set<Integer> colours = new TreeSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                colours.add(image.getRGB(x, y));
            }
        }
        return colours;
    }
}
