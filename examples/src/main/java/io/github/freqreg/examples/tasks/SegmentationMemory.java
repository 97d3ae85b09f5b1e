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
 * A bound on the memory of a process that segments one image, known before the image is unpacked.
 *
 * <p>With s the pixels that the network sees and i those of the image, on the CPU,
 *
 * <pre>
 * total = 768 MiB + w + 4 · n(s) + 96 · s + 40 · i      bytes
 * heap  =  64 MiB     +        16 · s + 40 · i
 * </pre>
 *
 * <p>where 768 MiB are the virtual machine, the engine's libraries and what the C library keeps of
 * arrays freed; n(s) is the result of {@link UNet#getPeakNumbers}; w is {@value #COMPRESSED_COPIES}
 * times the size of the dense float32 weights for a compressed network, whose layers may be
 * rebuilt, and {@value #DENSE_COPIES} times for a network loaded from dense weights, which are
 * read, converted and copied. A pixel that the network sees takes 3 bytes, three float32 numbers in
 * each of up to four arrays, and its class; a pixel of the image takes up to 8 bytes as it is
 * stored, as many upright, 4 in red, green and blue, 5 in the mask, and the rest in the pictures
 * that are written.
 *
 * @param total the bytes of the process, Java's heap included
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
     * @param seen the size at which the network sees the image
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
     * Refuses what this machine has no memory for.
     *
     * @param source the image, for the message
     * @param seen the size at which the network is to see it
     * @throws DataException with the bound and what there is
     */
    public void check(ImageFile source, ImageSize seen) {
        check(source + " at " + seen, available(), Runtime.getRuntime().maxMemory());
    }

    /** The same for a machine with so much memory, and so much of it for Java's heap. */
    void check(String work, long available, long mostHeap) {
        if (total > available) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: to segment it takes up to %,d MiB of memory but %,d MiB are"
                                    + " available: a smaller --size takes less",
                            work,
                            total / MEBIBYTE,
                            available / MEBIBYTE));
        }
        if (heap > mostHeap) {
            throw new DataException(
                    String.format(
                            Locale.ROOT,
                            "%s: to segment it takes up to %,d MiB of Java's heap but it may have"
                                    + " %,d MiB: java -Xmx%dm gives it more",
                            work,
                            heap / MEBIBYTE,
                            mostHeap / MEBIBYTE,
                            heap / MEBIBYTE + 1));
        }
    }

    /**
     * The memory that a process can have: on Linux what the kernel holds to be available, elsewhere
     * all there is, because there free memory leaves out what caches would give back; and no more
     * than a container's limit.
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
