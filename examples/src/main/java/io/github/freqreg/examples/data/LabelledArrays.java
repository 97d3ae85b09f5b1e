package io.github.freqreg.examples.data;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import io.github.freqreg.interop.ArrayFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Examples of a user's own network: arrays of inputs, and perhaps a class for each example.
 *
 * <p>They come from a file that {@link ArrayFile} reads. Its arrays are the inputs of the network,
 * in order, with one example in each row. Some names have a meaning: {@code labels} are the classes
 * from 0, {@code test_labels} those of the test examples, and {@code test_} before the name of an
 * input makes it an input of the test examples.
 */
public final class LabelledArrays implements AutoCloseable {

    private static final String LABELS = "labels";
    private static final String TEST = "test_";

    /** How many examples are enough to tell how much each tensor matters. */
    private static final int SOME = 256;

    private static final int SOME_BATCH = 32;

    /** Every tenth example is for validation. */
    private static final int VALIDATION = 10;

    private final NDManager manager;
    private final NDList inputs;
    private final Optional<NDArray> labels;
    private final Optional<LabelledArrays> test;

    private LabelledArrays(
            NDManager manager,
            NDList inputs,
            Optional<NDArray> labels,
            Optional<LabelledArrays> test) {
        this.manager = manager;
        this.inputs = inputs;
        this.labels = labels;
        this.test = test;
    }

    /**
     * Reads examples.
     *
     * @param manager the manager on whose device the examples live; it is closed with them
     * @throws DataException if there are no inputs, the arrays differ in their rows, labels are no
     *     classes, or the test examples lack an input; the message starts with the path
     */
    public static LabelledArrays read(NDManager manager, Path file)
            throws IOException, MalformedModelException {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        for (NDArray array : ArrayFile.read(manager, file)) {
            NDArray usable = usable(array);
            String name = array.getName();
            // DJL takes the dots and brackets of a name for a structure of inputs.
            usable.setName(null);
            arrays.put(name, usable);
        }
        try {
            return of(manager, arrays);
        } catch (DataException e) {
            throw new DataException(file + ": " + e.getMessage(), e);
        }
    }

    private static LabelledArrays of(NDManager manager, Map<String, NDArray> arrays) {
        Optional<NDArray> labels = Optional.ofNullable(arrays.remove(LABELS));
        Optional<NDArray> testLabels = Optional.ofNullable(arrays.remove(TEST + LABELS));
        List<String> names =
                arrays.keySet().stream().filter(name -> !name.startsWith(TEST)).toList();
        NDList training = new NDList();
        NDList tested = new NDList();
        for (String name : names) {
            training.add(arrays.remove(name));
            Optional.ofNullable(arrays.remove(TEST + name)).ifPresent(tested::add);
        }
        boolean complete = tested.size() == (tested.isEmpty() ? 0 : training.size());
        if (!arrays.isEmpty() || !complete || tested.isEmpty() && testLabels.isPresent()) {
            throw new DataException(
                    "expected "
                            + names.stream().map(name -> TEST + name).toList()
                            + " as the inputs of the test examples but found "
                            + (arrays.isEmpty() ? "not all of them" : arrays.keySet()));
        }
        Optional<LabelledArrays> test =
                tested.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                new LabelledArrays(manager, tested, testLabels, Optional.empty()));
        LabelledArrays all = new LabelledArrays(manager, training, labels, test);
        all.check();
        if (all.isLabelled() && all.size() < VALIDATION) {
            throw new DataException(
                    "expected at least "
                            + VALIDATION
                            + " labelled examples, as every tenth is for validation, but found "
                            + all.size());
        }
        test.ifPresent(LabelledArrays::check);
        return all;
    }

    /** Networks take float32 and whole numbers. */
    private static NDArray usable(NDArray array) {
        DataType type = array.getDataType();
        return type == DataType.FLOAT64 || type == DataType.FLOAT16
                ? array.toType(DataType.FLOAT32, false)
                : array;
    }

    private void check() {
        if (inputs.isEmpty()) {
            throw new DataException("expected an array of inputs but found none");
        }
        long rows = -1;
        for (NDArray array : Stream.concat(inputs.stream(), labels.stream()).toList()) {
            Shape shape = array.getShape();
            long its = shape.dimension() == 0 ? 0 : shape.get(0);
            if (its == 0 || rows >= 0 && its != rows) {
                throw new DataException(
                        "expected one example in each row of each array but found the shape "
                                + shape
                                + (rows < 0 ? "" : " beside " + rows + " rows"));
            }
            rows = its;
        }
        labels.ifPresent(LabelledArrays::checkLabels);
    }

    private static void checkLabels(NDArray labels) {
        if (labels.size() != labels.getShape().get(0)) {
            throw new DataException(
                    "expected one class for each example but the shape of the labels is "
                            + labels.getShape());
        }
        for (float label : labels.toType(DataType.FLOAT32, false).toFloatArray()) {
            if (!(label >= 0) || label != Math.rint(label)) {
                throw new DataException(
                        "expected whole numbers from 0 as labels but found " + label);
            }
        }
    }

    /**
     * Checks that a network has an output for each class of these examples and those for the test.
     *
     * @param outputs the number of its outputs
     * @throws DataException if a label is too large
     */
    public void checkClasses(int outputs) {
        long largest =
                Stream.concat(labels().stream(), test.flatMap(LabelledArrays::labels).stream())
                        .flatMapToLong(Arrays::stream)
                        .max()
                        .orElse(0);
        if (largest >= outputs) {
            throw new DataException(
                    "expected labels below "
                            + outputs
                            + ", the number of the network's outputs, but found "
                            + largest);
        }
    }

    /** Returns the number of examples. */
    public int size() {
        return Math.toIntExact(inputs.head().getShape().get(0));
    }

    /** Returns whether each example has a class. */
    public boolean isLabelled() {
        return labels.isPresent();
    }

    /** Returns the class of each example, if it is known. */
    public Optional<long[]> labels() {
        return labels.map(each -> each.toType(DataType.INT64, false).toLongArray());
    }

    /** Returns the examples on which a result is reported: those for the test, if there are any. */
    public LabelledArrays measured() {
        return test.orElse(this);
    }

    /** Returns the shapes of a batch of inputs. */
    public Shape[] shapes(int batch) {
        return inputs.stream()
                .map(each -> new Shape(batch).addAll(each.getShape().slice(1)))
                .toArray(Shape[]::new);
    }

    /** Returns the inputs of some examples, which belong to a manager. */
    public NDList inputs(NDManager owner, int from, int to) {
        NDList rows = new NDList();
        for (NDArray each : inputs) {
            NDArray its = each.get(from + ":" + to);
            its.attach(owner);
            rows.add(its);
        }
        return rows;
    }

    /** Returns batches of inputs that are enough to tell how much each tensor matters. */
    public List<NDList> someInputs() {
        List<NDList> batches = new ArrayList<>();
        int most = Math.min(size(), SOME);
        for (int from = 0; from < most; from += SOME_BATCH) {
            int to = Math.min(from + SOME_BATCH, most);
            // Evenly spread, as examples may be sorted by class.
            int[] rows =
                    IntStream.range(from, to).map(i -> (int) ((long) i * size() / most)).toArray();
            NDArray chosen = manager.create(rows);
            batches.add(
                    inputs.stream()
                            .map(each -> each.get(chosen))
                            .collect(Collectors.toCollection(NDList::new)));
        }
        return batches;
    }

    /** Returns the examples for training, in random order. */
    public ArrayDataset training(int batch) {
        return dataset(false, batch);
    }

    /** Returns the examples for validation. */
    public ArrayDataset validation(int batch) {
        return dataset(true, batch);
    }

    private ArrayDataset dataset(boolean validation, int batch) {
        int[] chosen =
                IntStream.range(0, size())
                        .filter(i -> (i % VALIDATION == VALIDATION - 1) == validation)
                        .toArray();
        NDArray rows = manager.create(chosen);
        NDArray[] data = inputs.stream().map(each -> each.get(rows)).toArray(NDArray[]::new);
        NDArray classes = labels.orElseThrow().toType(DataType.FLOAT32, false).flatten().get(rows);
        return new ArrayDataset.Builder()
                .setData(data)
                .optLabels(classes)
                .setSampling(batch, !validation)
                .build();
    }

    /** Frees the arrays. */
    @Override
    public void close() {
        manager.close();
    }
}
