package io.github.freqreg.examples.tasks;

import ai.djl.Model;
import com.sun.management.OperatingSystemMXBean;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.file.CompressionReport;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An upper bound on the memory of a process that segments one image, computed before the image is
 * decoded.
 *
 * <p>With s the pixels of the scaled image and i those of the image, on the CPU:
 *
 * <pre>
 * total = 768 MiB + w + 4 · n(s) + 96 · s + 40 · i      bytes
 * heap  =  64 MiB     +        16 · s + 40 · i
 * </pre>
 *
 * <ul>
 *   <li>768 MiB: the virtual machine, the libraries of the engine, and freed memory that the C
 *       library has not returned.
 *   <li>w: {@value #COMPRESSED_COPIES} times the size of the dense float32 weights for a compressed
 *       network, whose layers may be rebuilt; {@value #DENSE_COPIES} times for a network loaded
 *       from dense weights, which are read, converted and copied.
 *   <li>n(s): the result of {@link UNet#getPeakNumbers}, in float32 numbers.
 *   <li>96 bytes for a pixel of the scaled image: its colours as bytes, three float32 numbers in
 *       each of up to four arrays, and its class.
 *   <li>40 bytes for a pixel of the image: up to 8 as it is decoded, as many after rotation, 4 as
 *       RGB, 5 in the mask, and the rest in the images that are written.
 * </ul>
 *
 * @param total the bytes of the process, including Java's heap
 * @param heap the bytes of Java's heap
 */
public record SegmentationMemory(long total, long heap) {

    private static final long MEBIBYTE = 1 << 20;
    private static final long PROCESS = 768 * MEBIBYTE;
    private static final long LEAST_HEAP = 64 * MEBIBYTE;
    private static final int COMPRESSED_COPIES = 2;
    private static final int DENSE_COPIES = 8;
    private static final int SEEN_PIXEL = 96;
    private static final int SEEN_PIXEL_HEAP = 16;
    private static final int IMAGE_PIXEL = 40;

    private static final Path LINUX = Path.of("/proc/meminfo");
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

    /**
     * Returns the bound for one image.
     *
     * @param model a UNet, loaded
     * @param seen the size to which the image is scaled
     * @param image the size of the image
     */
    public static SegmentationMemory of(Model model, ImageSize seen, ImageSize image) {
        long heap = IMAGE_PIXEL * image.pixels();
        long network = 0;
        if (!model.getNDManager().getDevice().isGpu() && model.getBlock() instanceof UNet unet) {
            long copies = FrequencyBlocks.isWrapped(unet) ? COMPRESSED_COPIES : DENSE_COPIES;
            network =
                    copies * CompressionReport.of(unet).getDenseBytes()
                            + Float.BYTES * unet.getPeakNumbers(1, seen.height(), seen.width());
        }
        return new SegmentationMemory(
                PROCESS + network + SEEN_PIXEL * seen.pixels() + heap,
                LEAST_HEAP + SEEN_PIXEL_HEAP * seen.pixels() + heap);
    }

    /**
     * Requires that this machine has as much memory.
     *
     * @param source the image, for the message
     * @param seen the size to which the image is scaled, for the message
     * @throws DataException if it has less; the message has the bound and the available memory
     */
    public void check(ImageFile source, ImageSize seen) {
        check(source + " at " + seen, available(), Runtime.getRuntime().maxMemory());
    }

    /** Requires that as much memory is available, and that Java's heap may grow as large. */
    void check(String work, long available, long mostHeap) {
        if (total > available) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: the segmentation takes up to %,d MiB of memory but %,d MiB are"
                                    + " available; a smaller --size takes less",
                            work,
                            total / MEBIBYTE,
                            available / MEBIBYTE));
        }
        if (heap > mostHeap) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: the segmentation takes up to %,d MiB of Java's heap, whose limit"
                                    + " is %,d MiB; java -Xmx%dm raises it",
                            work,
                            heap / MEBIBYTE,
                            mostHeap / MEBIBYTE,
                            heap / MEBIBYTE + 1));
        }
    }

    /**
     * Returns the memory that this process can use, within the limit of its container: on Linux the
     * kernel's estimate {@code MemAvailable}; elsewhere the total, because the free memory that
     * other systems report excludes caches that they would give up.
     */
    static long available() {
        OperatingSystemMXBean system =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long limit = system.getTotalMemorySize();
        if (!Files.isReadable(LINUX)) {
            return limit;
        }
        try {
            Matcher matcher = AVAILABLE.matcher(Files.readString(LINUX));
            return matcher.find()
                    ? Math.min(limit, Long.parseLong(matcher.group(1)) * 1024)
                    : limit;
        } catch (IOException e) {
            return limit;
        }
    }
}
