package io.github.freqreg.interop;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads valid safetensors files, independently of the library, by the specification. */
final class SecondSafetensors {

    private SecondSafetensors() {}

    /** An array: the name of its type in the format, its shape and its bytes. */
    record Array(String type, long[] shape, byte[] bytes) {}

    static Map<String, Array> read(byte[] file) {
        int header = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String json = new String(file, 8, header, StandardCharsets.UTF_8);
        Map<String, Array> arrays = new LinkedHashMap<>();
        Gson gson = new Gson();
        JsonObject all = gson.fromJson(json, JsonObject.class);
        all.remove("__metadata__");
        for (String name : all.keySet()) {
            JsonObject array = all.getAsJsonObject(name);
            int[] offsets = gson.fromJson(array.get("data_offsets"), int[].class);
            arrays.put(
                    name,
                    new Array(
                            array.get("dtype").getAsString(),
                            gson.fromJson(array.get("shape"), long[].class),
                            Arrays.copyOfRange(
                                    file, 8 + header + offsets[0], 8 + header + offsets[1])));
        }
        return arrays;
    }
}
